import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { DiskFaults } from './disk-faults.ts'

interface Answer {
  readonly value?: unknown
  readonly error?: string
}

/** A Node in a folder with disk faults, which runs scripts until it or the test ends. */
export class NodeProcess {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  #errors = ''

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#ended = once(child, 'close')
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text
    })
  }

  /** Starts in the disk's folder, so that paths in scripts are relative to that. */
  static async start(disk: DiskFaults, cwd = disk.folder): Promise<NodeProcess> {
    const script = fileURLToPath(import.meta.resolve('./evaluate.mjs'))
    const child = spawn(process.execPath, [script], {
      cwd,
      env: { ...process.env, ...disk.environment },
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    })
    const node = new NodeProcess(child)
    onTestFinished(() => node.kill())
    await node.#answer()
    return node
  }

  /**
   * Runs the body of an asynchronous function of `fs`, `ClassicLevel` and `kept`, an object that
   * lasts from script to script. Answers what it returns; rejects when it throws.
   */
  async run(script: string): Promise<unknown> {
    this.begin(script)
    const { value, error } = await this.#answer()
    if (error !== undefined) throw new Error(`${error} in:\n${script}`)
    return value
  }

  /** The code of the error that a script throws, else its message; undefined: it throws none. */
  async errorOf(script: string): Promise<string | undefined> {
    this.begin(script)
    return (await this.#answer()).error
  }

  /** Sends a script and does not wait for it. */
  begin(script: string): void {
    this.#child.send(script)
  }

  /** SIGKILL; at once, whatever it is doing. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  async #answer(): Promise<Answer> {
    const ended = this.#ended.then(() => {
      throw new Error(`the process ended: ${this.#errors}`)
    })
    const [answer] = (await Promise.race([once(this.#child, 'message'), ended])) as [Answer]
    return answer
  }
}
