import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { ClientProgram, projectFolder } from './client-program.ts'

const program = join(projectFolder, 'bin/mqtt-broker')

/** Milliseconds. */
const patience = { timeout: 10_000, interval: 20 }

/** A `systemd-notify` that writes down what it is to say; one that fails is none. */
function notifier(how: 'works' | 'fails') {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-broker-service-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'systemd-notify')
  const said = join(folder, 'said')
  writeFileSync(said, '')
  const end = how === 'works' ? 0 : 1
  writeFileSync(path, `#!/bin/sh\necho "$@" >> ${said}\nexit ${end}\n`)
  chmodSync(path, 0o755)
  const environment = {
    PATH: `${folder}${delimiter}${process.env.PATH}`,
    NOTIFY_SOCKET: '/run/nobody',
    MQTT_BROKER__STORE__BACKEND: 'memory',
    MQTT_BROKER__NODE__DATA_DIR: folder,
  }
  return { environment, said: () => readFileSync(said, 'utf8').trim().split('\n') }
}

test('systemd hears that it is ready when it listens, and that it stops', async () => {
  const { environment, said } = notifier('works')
  const broker = new ClientProgram(process.execPath, [program, '--listen', '0'], environment)
  await vi.waitFor(() => expect(said()[0]).not.toBe(''), patience)
  expect(said()[0]).toMatch(/^READY=1 STATUS=listening: tcp 127\.0\.0\.1:\d+$/)
  expect(broker.lines.join('\n')).toContain('"msg":"listening"')
  broker.signal('SIGTERM')
  expect(await broker.ended).toBe(0)
  expect(said().at(-1)).toBe('STOPPING=1 STATUS=stopping')
})

test('the watchdog hears of it in time, unless it is about another process', async () => {
  const first = notifier('works')
  const watched = { ...first.environment, WATCHDOG_USEC: '100000' }
  const broker = new ClientProgram(process.execPath, [program, '--listen', '0'], watched)
  await broker.printed('listening')
  await vi.waitFor(() => expect(first.said()).toContain('WATCHDOG=1'), patience)
  const other = notifier('works')
  const unwatched = { ...other.environment, WATCHDOG_USEC: '2000', WATCHDOG_PID: '1' }
  const second = new ClientProgram(process.execPath, [program, '--listen', '0'], unwatched)
  await vi.waitFor(() => expect(other.said()[0]).not.toBe(''), patience)
  second.signal('SIGTERM')
  await second.ended
  expect(other.said()).not.toContain('WATCHDOG=1')
})

test('that systemd cannot be told is logged once and stops nobody', async () => {
  const { environment } = notifier('fails')
  const broker = new ClientProgram(process.execPath, [program, '--listen', '0'], environment)
  await broker.printed('systemd cannot be told')
  broker.signal('SIGTERM')
  expect(await broker.ended).toBe(0)
  const warnings = broker.lines.filter((line) => line.includes('systemd cannot be told'))
  expect(warnings).toHaveLength(1)
})

test('the unit tells systemd what the broker does', () => {
  const unit = readFileSync(join(projectFolder, 'contrib/mqtt-broker.service'), 'utf8')
  expect(unit).toMatch(/^Type=notify$/m)
  expect(unit).toMatch(/^NotifyAccess=all$/m)
  expect(unit).toMatch(/^WatchdogSec=/m)
})

test('bash completes commands with what completion prints', () => {
  const script = `
    mqtt-broker() { ${process.execPath} ${program} "$@"; }
    eval "$(mqtt-broker completion)"
    COMP_WORDS=(mqtt-broker store ex) COMP_CWORD=2 COMP_LINE='mqtt-broker store ex'
    _mqtt-broker_yargs_completions
    echo "\${COMPREPLY[@]}"`
  const environment = { ...process.env, SHELL: '/bin/bash' }
  const output = execFileSync('bash', ['-c', script], { env: environment, encoding: 'utf8' })
  expect(output.trim()).toBe('export')
})

test('completion is for zsh where SHELL says so', () => {
  const environment = { ...process.env, SHELL: '/bin/zsh' }
  const words = [program, 'completion']
  const output = execFileSync(process.execPath, words, { env: environment, encoding: 'utf8' })
  expect(output).toMatch(/^#compdef mqtt-broker\n/)
})
