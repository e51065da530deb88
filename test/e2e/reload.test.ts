import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type BrokerProcess, defaultConfig } from '../support/broker-process.ts'
import { RawClient } from '../support/raw-client.ts'
import { controlled, lasting } from './ctl-kit.ts'

const tcp = { name: 'tcp', type: 'tcp', bind: '127.0.0.1:0' }

function configure(broker: BrokerProcess, settings: object | string): void {
  const text =
    typeof settings === 'string' ? settings : JSON.stringify({ ...defaultConfig, ...settings })
  writeFileSync(join(broker.folder, 'zone.yaml'), text)
}

test('ctl reload says what it applied, and what needs a restart', async () => {
  const { broker, run } = await controlled()
  expect(await run('ctl reload')).toEqual({ code: 0, output: 'nothing has changed', errors: '' })
  configure(broker, {
    listeners: [tcp, { name: 'more', type: 'tcp', bind: '127.0.0.1:0' }],
    zones: { default: { max_inflight: 7, receive_maximum: 9 } },
    node: { name: 'other' },
  })
  const { code, output } = await run('ctl reload')
  expect(code).toBe(0)
  expect(output.split('\n')).toEqual([
    'listeners.more: applied (opened)',
    'zones.default.receive_maximum: applied to new connections',
    'zones.default.max_inflight: applied',
    'node.name: needs a restart',
  ])
  await RawClient.connect({ port: await broker.listening('more') })
  expect((await run('ctl listeners list')).output).toMatch(/^more /m)
})

test('a wrong file changes nothing, and is reported as check does', async () => {
  const { broker, run } = await controlled()
  const client = await RawClient.connect({ port: broker.port() })
  configure(broker, 'zones: { default: { max_inflight: many, max_infligt: 7 } }\nlog: { level: x }')
  const check = await run('check')
  const reload = await run(`ctl reload --socket ${join(broker.folder, 'data/control.sock')}`)
  expect(reload).toEqual(check)
  expect(reload.code).toBe(78)
  expect(reload.errors.split('\n').length).toBeGreaterThan(3)
  broker.signal('SIGHUP')
  await broker.waitForLog((line) => line.msg.startsWith('the configuration is wrong'))
  await client.expectSilence()
  expect(broker.logs.some((line) => line.msg === 'configuration reloaded')).toBe(false)
})

test('SIGHUP under load, again and again, disconnects nobody and loses nothing', async () => {
  const reloads = 20
  const count = 4000
  const { broker } = await controlled()
  const at = { port: broker.port() }
  const subscribers = await Promise.all(
    ['a', 'b', 'c'].map((clientId) => RawClient.connect(at, { clientId, ...lasting })),
  )
  for (const subscriber of subscribers) await subscriber.subscribe('load/#', { qos: 0 })
  const publisher = await RawClient.connect(at, { clientId: 'publisher' })
  const settingsOf = (i: number): object => ({
    listeners: [{ ...tcp, tcp_options: { backlog: 100 + i } }, ...(i % 2 ? [more] : [])],
    zones: { default: { max_inflight: 10 + i, max_mqueue_len: 5000 + i, receive_maximum: 50 + i } },
    limits: { max_sessions: 100 + i },
    sys: { interval: `${1 + (i % 3)}s` },
    log: { level: i % 2 ? 'info' : 'debug', format: 'json' },
  })
  let sent = 0
  const publishSome = async (): Promise<void> => {
    const some = count / reloads
    for (let i = 0; i < some; i++) {
      const messageId = (sent % 60_000) + 1
      publisher.send({ cmd: 'publish', topic: 'load/x', payload: `${sent++}`, qos: 1, messageId })
    }
    await publisher.expectMany('puback', some)
  }
  for (let i = 1; i <= reloads; i++) {
    configure(broker, settingsOf(i))
    const publishing = publishSome()
    broker.signal('SIGHUP')
    const isDone = () =>
      broker.logs.filter(({ msg }) => msg === 'configuration reloaded').length >= i
    await Promise.all([publishing, broker.waitForLog(isDone)])
  }
  for (const subscriber of subscribers) {
    const got = await subscriber.expectMany('publish', count)
    expect(got.map(({ payload }) => Number(payload.toString()))).toEqual([...Array(count).keys()])
    await subscriber.expectSilence()
  }
  await publisher.expectSilence()
  expect(broker.logs.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([])
  expect(await broker.stop()).toBe(0)
})

const more = { name: 'more', type: 'ws', bind: '127.0.0.1:0' }
