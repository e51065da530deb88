import { spawn } from 'node:child_process'
import type { Logger } from '../base/logger.ts'

/**
 * Where systemd tells a service to report: NOTIFY_SOCKET, WATCHDOG_USEC (microseconds) and
 * WATCHDOG_PID.
 */
export type ServiceEnvironment = Readonly<Record<string, string | undefined>>

/** Milliseconds that one report may take. */
const reportMsMax = 5000

/**
 * Tells systemd how the broker fares (`Type=notify`), through the program `systemd-notify`: Node.js
 * has no datagram sockets of Unix. Started by anybody else it does nothing. That systemd cannot be
 * told is logged once and stops nobody.
 */
export class ServiceManager {
  readonly #isWanted: boolean
  readonly #watchdogMs: number
  readonly #log: Logger
  #watchdog: NodeJS.Timeout | undefined
  #hasFailed = false

  constructor(environment: ServiceEnvironment, log: Logger) {
    this.#isWanted = (environment.NOTIFY_SOCKET ?? '') !== ''
    this.#watchdogMs = watchdogMsOf(environment)
    this.#log = log
  }

  /** It listens. From here on the watchdog hears of it, twice in its time. */
  async ready(status: string): Promise<void> {
    if (!this.#isWanted) return
    await this.#report('READY=1', `STATUS=${status}`)
    if (this.#watchdogMs === 0) return
    this.#watchdog = setInterval(() => {
      this.#report('WATCHDOG=1').catch(() => {
        // `#report` does not reject.
      })
    }, this.#watchdogMs / 2)
    this.#watchdog.unref()
  }

  /** It stops. */
  async stopping(): Promise<void> {
    clearInterval(this.#watchdog)
    if (this.#isWanted) await this.#report('STOPPING=1', 'STATUS=stopping')
  }

  async #report(...lines: string[]): Promise<void> {
    const because = await run('systemd-notify', lines)
    if (because === undefined || this.#hasFailed) return
    this.#hasFailed = true
    this.#log.warn({ because }, 'systemd cannot be told how the broker fares')
  }
}

/** Milliseconds; 0 for no watchdog, and for one that is about another process. */
function watchdogMsOf({ WATCHDOG_PID, WATCHDOG_USEC }: ServiceEnvironment): number {
  const isOurs = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === process.pid
  const ms = Math.floor(Number(WATCHDOG_USEC ?? '0') / 1000)
  return isOurs && ms >= 2 ? ms : 0
}

/** Answers why it failed; undefined when it did not. Never rejects. */
function run(program: string, words: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program, words, { stdio: 'ignore', timeout: reportMsMax })
    child.on('error', (error) => resolve(error.message))
    child.on('close', (code, signal) => {
      resolve(code === 0 ? undefined : `${program} ended with ${code ?? signal}`)
    })
  })
}
