import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ClientProgram, projectFolder } from './client-program.ts'
import { probe } from './probe.ts'

const program = join(projectFolder, 'bin/mqtt-broker')

function folder(): string {
  const home = mkdtempSync(join(tmpdir(), 'mqtt-broker-import-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  return home
}

async function run(...words: string[]) {
  const started = new ClientProgram(process.execPath, [program, ...words])
  return { code: await started.ended, lines: started.lines, errors: started.errors }
}

test('import writes a zone.yaml that check takes and the broker runs', async () => {
  const home = folder()
  const conf = join(home, 'mosquitto.conf')
  const output = join(home, 'zone.yaml')
  writeFileSync(conf, 'listener 1883 127.0.0.1\nallow_anonymous true\nmount_point a/\n')
  const imported = await run('import', conf, '--output', output)
  expect([imported.code, imported.errors]).toEqual([
    0,
    `${conf}:3 mount_point: no counterpart; its clients see all topics; acl rules can keep them apart\n`,
  ])
  expect(imported.lines[0]).toContain('1 line has no counterpart')
  expect(await run('check', '--config', output)).toMatchObject({ code: 0 })
  const environment = { MQTT_BROKER__LISTENERS__TCP_1883__BIND: '127.0.0.1:0' }
  const words = [program, '--config', output]
  const broker = new ClientProgram(process.execPath, words, environment)
  await broker.printed('"msg":"listening"')
  const line = broker.lines.find((text) => text.includes('"msg":"listening"')) ?? '{}'
  await probe(JSON.parse(line).port)
})

test('import leaves a file alone that is there, and says what cannot be read', async () => {
  const home = folder()
  const conf = join(home, 'mosquitto.conf')
  const output = join(home, 'zone.yaml')
  writeFileSync(conf, 'listener 1883\n')
  writeFileSync(output, 'mine')
  const twice = await run('import', conf, '--output', output)
  expect([twice.code, readFileSync(output, 'utf8')]).toEqual([1, 'mine'])
  expect(twice.errors).toContain('is there already; wanted: another --output, or move it away')
  const missing = await run('import', join(home, 'none.conf'), '--output', '-')
  expect([missing.code, missing.lines]).toEqual([1, []])
  expect(missing.errors).toContain('no such file')
})
