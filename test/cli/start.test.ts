import { type AddressInfo, createServer } from 'node:net'
import { expect, test } from 'vitest'
import { mqttBroker, Program } from '../support/program.ts'

test('start without a configuration says so, says where it listens, and how to try it', async () => {
  const program = new Program('src/cli/main.ts', ['--listen', '0'])
  await program.printed('mosquitto_pub')
  program.signal('SIGTERM')
  expect(await program.ended).toBe(0)
  const lines = program.output.trim().split('\n')
  const logs = lines.map((line) => JSON.parse(line))
  expect(logs.find((log) => log.msg === 'listening')).toMatchObject({
    level: 'info',
    listener: 'tcp',
    type: 'tcp',
    address: '127.0.0.1',
    port: expect.any(Number),
  })
  expect(program.output).toContain('no configuration, all settings at their defaults')
  expect(logs.at(-1)).toMatchObject({ msg: 'stopped' })
  expect(program.errors).toBe('')
})

test('start stops on SIGINT too', async () => {
  const program = new Program('src/cli/main.ts', ['start', '--listen', '0'])
  await program.printed('listening')
  program.signal('SIGINT')
  expect(await program.ended).toBe(0)
})

test('start on a port in use prints one line: exit code 1', async () => {
  const other = createServer()
  await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening))
  const { port } = other.address() as AddressInfo
  const { code, errors } = await mqttBroker(['--listen', String(port)])
  other.close()
  expect(code).toBe(1)
  expect(errors).toMatch(/^mqtt-broker: .*tcp.*already in use.*\n$/)
})

test('start refuses an address that others reach without a decision: exit code 78', async () => {
  const { code, output, errors } = await mqttBroker(['--listen', '0.0.0.0:0'])
  expect({ code, output }).toEqual({ code: 78, output: '' })
  expect(errors).toContain('auth.allow_anonymous: true')
})

test('a second signal ends the process at once: exit code 128 and its number', async () => {
  const program = new Program('test/support/slow-to-stop.ts', [])
  await program.printed('ready')
  program.signal('SIGINT')
  await program.printed('stopping on SIGINT')
  program.signal('SIGTERM')
  expect(await program.ended).toBe(143)
})
