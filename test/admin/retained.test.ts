import { expect, test } from 'vitest'
import { payloadPartMax } from '../../src/admin/retained.ts'
import { AdminKit } from './kit.ts'

const notFound = { name: 'ControlError', code: 'not_found' }

async function topicsOf(kit: AdminKit, parameters = {}): Promise<string[]> {
  const { data } = await kit.ask('retained.list', parameters)
  return (data as { topic: string }[]).map(({ topic }) => topic)
}

test('retained messages are listed by a filter, without one all but those below $', async () => {
  const kit = new AdminKit()
  for (const topic of ['a/1', 'a/2', 'b', '$own/x']) await kit.publish(topic, 'x', true)
  expect(await topicsOf(kit)).toEqual(['a/1', 'a/2', 'b'])
  expect((await topicsOf(kit, { filter: 'a/+' })).toSorted()).toEqual(['a/1', 'a/2'])
  expect(await topicsOf(kit, { filter: '$own/#' })).toEqual(['$own/x'])
  expect(await topicsOf(kit, { filter: 'c' })).toEqual([])
})

test('a retained message is got with its payload as it came, a large one in parts', async () => {
  const kit = new AdminKit()
  const payload = Buffer.alloc(payloadPartMax + 3, 0xfe)
  await kit.publish('a', payload, true)
  const first = await kit.ask('retained.get', { topic: 'a' })
  const rest = await kit.ask('retained.get', { topic: 'a', offset: payloadPartMax })
  expect(first).toMatchObject({ from_clientid: 'publisher', payload_size: payload.length, qos: 1 })
  expect(first.number).toBe(rest.number)
  const parts = [first, rest].map(({ payload: part }) => Buffer.from(String(part), 'base64'))
  expect(Buffer.concat(parts).equals(payload)).toBe(true)
  await expect(kit.ask('retained.get', { topic: 'b' })).rejects.toMatchObject(notFound)
})

test('a retained message says when it came and when it expires', async () => {
  const kit = new AdminKit({ retainer: { expiryMs: 60_000 } })
  await kit.publish('a', 'x', true)
  const { expires_at, publish_at } = await kit.ask('retained.get', { topic: 'a' })
  expect(Date.parse(String(expires_at)) - Date.parse(String(publish_at))).toBe(60_000)
})

test('a retained message is deleted once; new subscriptions get none', async () => {
  const kit = new AdminKit()
  await kit.publish('a', 'x', true)
  expect(await kit.ask('retained.delete', { topic: 'a' })).toEqual({ deleted: 'a' })
  await expect(kit.ask('retained.delete', { topic: 'a' })).rejects.toMatchObject(notFound)
  const [client] = await kit.connect('c')
  await client?.subscribe('a')
  await client?.expectSilence()
})

test('status and health count what there is, and say how the store is', async () => {
  const kit = new AdminKit()
  await kit.leave('a', ['t'])
  await kit.connect('b')
  expect(await kit.ask('status')).toMatchObject({
    version: '1.2.3',
    uptime_s: 5,
    connections: 1,
    clients_connected: 1,
    sessions: 2,
    subscriptions: 1,
    store: { backend: 'memory', state: 'ok', pending_records: 0, pending_bytes: 0 },
  })
  expect(await kit.ask('health')).toMatchObject({ store: { state: 'ok' }, listeners: [] })
})

test('the log level is told, and set', async () => {
  const kit = new AdminKit()
  expect(await kit.ask('log_level')).toEqual({ level: 'info' })
  expect(await kit.ask('log_level', { level: 'debug' })).toEqual({ level: 'debug', before: 'info' })
  expect(kit.log.level).toBe('debug')
})

test('what belongs to the program that has the broker is refused', async () => {
  const kit = new AdminKit({}, { log: undefined })
  const refused = { name: 'ControlError', code: 'refused' }
  await expect(kit.ask('log_level')).rejects.toMatchObject(refused)
  await expect(kit.ask('reload')).rejects.toMatchObject(refused)
})
