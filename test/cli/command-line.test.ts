import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { mqttBroker } from '../support/program.ts'

const folder = mkdtempSync(join(tmpdir(), 'mqtt-broker-cli-'))
afterAll(() => rmSync(folder, { recursive: true }))

function write(name: string, yaml: string): string {
  const file = join(folder, name)
  writeFileSync(file, yaml)
  return file
}

test('--version is the one in package.json', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  expect(await mqttBroker(['--version'])).toEqual({ code: 0, output: `${version}\n`, errors: '' })
})

test('--help names the commands, the flags and the exit codes', async () => {
  const { code, output } = await mqttBroker(['--help'])
  expect(code).toBe(0)
  for (const word of ['start', 'check', '--config', '--listen', '--log-level', '78']) {
    expect(output).toContain(word)
  }
  expect(Math.max(...output.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100)
})

test.each([
  [['chek'], 'Unknown argument: chek; did you mean check?'],
  [['--confg', 'x'], 'Unknown argument: confg; did you mean --config?'],
  [['--config'], 'Not enough arguments following: config'],
  [['check', '-c', 'a', '-c', 'b'], '--config stands several times; wanted: once'],
])('%j is a wrong command line: exit code 64', async (words, message) => {
  const { code, output, errors } = await mqttBroker(words)
  expect({ code, output, errors }).toEqual({
    code: 64,
    output: '',
    errors: `mqtt-broker: ${message}\nTry: mqtt-broker --help\n`,
  })
})

describe('check', () => {
  test('says so when there are no problems: exit code 0', async () => {
    const file = write('good.yaml', 'log: { level: error }')
    expect(await mqttBroker(['check', '--config', file])).toEqual({
      code: 0,
      output: `${file}: no problems\n`,
      errors: '',
    })
  })

  test('prints every problem on a line: exit code 78', async () => {
    const file = write('bad.yaml', 'log: { levl: error }\nstore: { backend: 7 }')
    expect(await mqttBroker(['check', '--config', file, '--listen', '1', '--listen', '1'])).toEqual(
      {
        code: 78,
        output: '',
        errors: [
          `${file}:1:8 log.levl: unknown key; did you mean level?`,
          `${file}:2:19 store.backend: 7 is not one of the values; wanted: embedded, memory or redis`,
          '--listen listeners[tcp-2].bind: is where listener 1 listens already; wanted: another port',
          '',
        ].join('\n'),
      },
    )
  })

  test('and one when there is no file: exit code 78', async () => {
    expect(await mqttBroker(['check', '--config', 'nowhere.yaml'])).toEqual({
      code: 78,
      output: '',
      errors: 'nowhere.yaml: there is no such file; wanted: a configuration, see --config\n',
    })
  })

  test('takes config/zone.yaml', async () => {
    const { code, output } = await mqttBroker(['check', '--config', 'config/zone.yaml'])
    expect({ code, output }).toEqual({ code: 0, output: 'config/zone.yaml: no problems\n' })
  })
})
