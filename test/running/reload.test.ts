import { createServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { ReloadChange } from '../../src/admin/ports.ts'
import type { LogLevel } from '../../src/base/logger.ts'
import type { Configuration } from '../../src/config/configuration.ts'
import { loadConfiguration } from '../../src/config/load.ts'
import { type Daemon, startDaemon } from '../../src/daemon.ts'
import { RawClient } from '../support/raw-client.ts'
import { TestLog } from '../support/test-log.ts'

const started: Daemon[] = []
afterEach(async () => {
  await Promise.all(started.splice(0).map((daemon) => daemon.stop()))
})

const log = new TestLog()
const tcp = { name: 'tcp', bind: '127.0.0.1:0' }
const base = { listeners: [tcp], store: { backend: 'memory' } }

/** What a file with these settings says. */
function configured(settings: object = {}): Configuration {
  const overrides = Object.entries({ ...base, ...settings }).map(([key, value]) => ({
    flag: 'test',
    path: [key],
    value: value as unknown,
  }))
  const loaded = loadConfiguration(undefined, {}, overrides)
  if ('configuration' in loaded) return loaded.configuration
  throw new Error(JSON.stringify(loaded.problems))
}

async function start(settings: object = {}, level: { level: LogLevel } = { level: 'info' }) {
  const operator = { log: level }
  const daemon = await startDaemon(configured(settings), log, { operator })
  started.push(daemon)
  return daemon
}

async function reload(daemon: Daemon, settings: object): Promise<Record<string, string>> {
  return outcomes(await daemon.reload(configured(settings)))
}

function outcomes(changes: readonly ReloadChange[]): Record<string, string> {
  return Object.fromEntries(changes.map(({ outcome, path }) => [path, outcome]))
}

function portOf(daemon: Daemon, name = 'tcp'): { port: number } {
  return { port: daemon.listeners.find((listener) => listener.name === name)?.port ?? 0 }
}

const lasting = { clean: false, properties: { sessionExpiryInterval: 60 } }

describe('a reload', () => {
  test('says what it applied, and what needs a restart; the latter again next time', async () => {
    const level: { level: LogLevel } = { level: 'info' }
    const daemon = await start({}, level)
    const settings = {
      zones: { default: { max_inflight: 5, receive_maximum: 7 }, more: null },
      limits: { max_sessions: 3 },
      sys: { interval: '1s' },
      node: { name: 'other' },
      store: { backend: 'memory', commit_interval: '7ms' },
      log: { level: 'warn', format: 'json' },
    }
    const needingRestart = {
      'node.name': 'restart',
      'store.commit_interval': 'restart',
      'log.format': 'restart',
    }
    expect(await reload(daemon, settings)).toEqual({
      'zones.default.max_inflight': 'applied',
      'zones.default.receive_maximum': 'new_connections',
      'zones.more': 'new_connections',
      'limits.max_sessions': 'applied',
      'sys.interval': 'applied',
      'log.level': 'applied',
      ...needingRestart,
    })
    expect(level.level).toBe('warn')
    expect(await reload(daemon, settings)).toEqual(needingRestart)
  })

  test('gives connected and absent sessions the limits that their zone has now', async () => {
    const daemon = await start()
    await RawClient.connect(portOf(daemon), { clientId: 'here' })
    const away = await RawClient.connect(portOf(daemon), { clientId: 'away', ...lasting })
    await away.disconnect()
    const zone = { max_inflight: 5, max_awaiting_rel: 1500, retry_interval: '30s' }
    await reload(daemon, { zones: { default: zone } })
    const optionsOf = (clientId: string) =>
      daemon.broker.sessions.lookup(clientId)?.session.options ?? {}
    expect(optionsOf('here')).toMatchObject({ inflightMax: 5, retryIntervalMs: 0 })
    // Its client was told that it may leave 1,000 unfinished, and the zone took 65,535 of them.
    expect(optionsOf('here')).toMatchObject({ awaitingRelMax: 65_535 })
    expect(optionsOf('away')).toMatchObject({ inflightMax: 5, awaitingRelMax: 1500 })
  })

  test('gives new connections what their zone has now, and leaves the others theirs', async () => {
    const daemon = await start()
    const before = await RawClient.connect(portOf(daemon))
    await reload(daemon, { zones: { default: { max_packet_size: '1KB', max_qos_allowed: 1 } } })
    const after = await RawClient.connect(portOf(daemon))
    expect(after.connack?.properties).toMatchObject({ maximumPacketSize: 1024, maximumQoS: 1 })
    before.send({ cmd: 'publish', topic: 'a', payload: 'x'.repeat(2000), qos: 2, messageId: 1 })
    await before.expect('pubrec')
  })

  test('holds the limits of the broker from then on', async () => {
    const daemon = await start()
    await RawClient.connect(portOf(daemon))
    await reload(daemon, { limits: { max_sessions: 1 }, retainer: { max_payload_size: '4B' } })
    await expect(RawClient.connect(portOf(daemon))).rejects.toThrow('refused with 0x97')
    await reload(daemon, { retainer: { max_payload_size: '4B' } })
    const client = await RawClient.connect(portOf(daemon))
    for (const [messageId, payload] of ['four', 'fiver'].entries()) {
      client.send({
        cmd: 'publish',
        topic: payload,
        payload,
        qos: 1,
        messageId: messageId + 1,
        retain: true,
      })
    }
    await client.expectMany('puback', 2)
    expect(daemon.broker.retainer.get('four')).toBeDefined()
    expect(daemon.broker.retainer.get('fiver')).toBeUndefined()
  })

  test('holds limits of connections from then on, and nobody has to go', async () => {
    const daemon = await start()
    const first = await RawClient.connect(portOf(daemon))
    await reload(daemon, { listeners: [{ ...tcp, max_connections: 1 }] })
    await expect(RawClient.connect(portOf(daemon))).rejects.toThrow('refused with 0x89')
    await reload(daemon, { zones: { default: { max_connections: 1 } } })
    await expect(RawClient.connect(portOf(daemon))).rejects.toThrow('refused with 0x89')
    await first.expectSilence()
  })

  test('lets nobody in without a password once that is no longer allowed', async () => {
    const daemon = await start({ auth: { allow_anonymous: true } })
    const before = await RawClient.connect(portOf(daemon))
    expect(await reload(daemon, { auth: { allow_anonymous: false } })).toEqual({
      'auth.allow_anonymous': 'applied',
    })
    await expect(RawClient.connect(portOf(daemon))).rejects.toThrow('refused with 0x87')
    expect((await before.expect('disconnect')).reasonCode).toBe(0x87)
  })

  test('begins and ends the $SYS tree', async () => {
    const daemon = await start({ sys: { interval: '0' } })
    expect(daemon.broker.retainer.count).toBe(0)
    await reload(daemon, { sys: { interval: '10s' } })
    expect(daemon.broker.retainer.count).toBeGreaterThan(0)
    await reload(daemon, { sys: { interval: '0' } })
  })

  test('that is under way when the broker is told to stop leaves nobody connected', async () => {
    const daemon = await start()
    const client = await RawClient.connect(portOf(daemon))
    const other = { ...tcp, tcp_options: { backlog: 7 } }
    const reloading = daemon.reload(configured({ listeners: [other] }))
    // In the next turn the old socket is closed, and the new one is not open yet.
    await Promise.resolve()
    await daemon.stop()
    await reloading
    expect((await client.expect('disconnect')).reasonCode).toBe(0x8b)
    expect(daemon.connectionCount).toBe(0)
    await expect(RawClient.open(portOf(daemon))).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('after the broker was told to stop changes nothing', async () => {
    const daemon = await start()
    await daemon.stop()
    expect(await reload(daemon, { listeners: [{ ...tcp, name: 'other' }] })).toEqual({})
    expect(daemon.listeners.map(({ name }) => name)).toEqual(['tcp'])
  })
})

describe('listeners of a reload', () => {
  test('are opened and closed; the clients of one that is gone stay', async () => {
    const daemon = await start()
    const old = portOf(daemon)
    const client = await RawClient.connect(old)
    const changes = await daemon.reload(configured({ listeners: [{ ...tcp, name: 'new' }] }))
    expect(changes).toEqual([
      {
        path: 'listeners.tcp',
        outcome: 'applied',
        because: 'closed; its clients (1) stay until they go',
      },
      { path: 'listeners.new', outcome: 'applied', because: 'opened' },
    ])
    await expect(RawClient.open(old)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await client.expectSilence()
    await RawClient.connect(portOf(daemon, 'new'))
    expect(daemon.listeners.map(({ name }) => name)).toEqual(['new'])
    const stopping = daemon.stop()
    expect((await client.expect('disconnect')).reasonCode).toBe(0x8b)
    await stopping
  })

  test('are opened anew where they listen otherwise; connections go on, and count', async () => {
    const daemon = await start()
    const old = portOf(daemon)
    const client = await RawClient.connect(old)
    const other = { ...tcp, tcp_options: { backlog: 7 }, max_connections: 1 }
    expect(await reload(daemon, { listeners: [other] })).toEqual({ 'listeners.tcp': 'applied' })
    await expect(RawClient.connect(portOf(daemon))).rejects.toThrow('refused with 0x89')
    await client.expectSilence()
    await client.disconnect()
    await RawClient.connect(portOf(daemon))
  })

  test('may take the address of one that goes', async () => {
    const daemon = await start()
    const bind = `127.0.0.1:${portOf(daemon).port}`
    await reload(daemon, { listeners: [{ name: 'b', bind }] })
    await RawClient.connect(portOf(daemon, 'b'))
  })

  test('that cannot be opened say why, and what was there before goes on', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    const { port } = taken.address() as { port: number }
    const daemon = await start()
    const client = await RawClient.connect(portOf(daemon))
    const bind = `127.0.0.1:${port}`
    const changes = await daemon.reload(configured({ listeners: [{ name: 'tcp', bind }] }))
    expect(changes).toMatchObject([{ path: 'listeners.tcp', outcome: 'failed' }])
    expect(changes[0]?.because).toContain('the address is already in use')
    expect(changes[0]?.because).toContain('; it listens where it did before')
    await RawClient.connect(portOf(daemon))
    await client.expectSilence()
    taken.close()
    await new Promise((resolve) => taken.once('close', resolve))
    expect(await reload(daemon, { listeners: [{ name: 'tcp', bind }] })).toEqual({
      'listeners.tcp': 'applied',
    })
    expect(portOf(daemon)).toEqual({ port })
  })

  test('of WebSocket are opened anew only when their zone takes other packets', async () => {
    const ws = { name: 'ws', type: 'ws', bind: '127.0.0.1:0' }
    const daemon = await start({ listeners: [ws] })
    const zone = { max_inflight: 5 }
    expect(await reload(daemon, { listeners: [ws], zones: { default: zone } })).toEqual({
      'zones.default.max_inflight': 'applied',
    })
    const larger = { ...zone, max_packet_size: '2MB' }
    expect(await reload(daemon, { listeners: [ws], zones: { default: larger } })).toEqual({
      'listeners.ws': 'applied',
      'zones.default.max_packet_size': 'new_connections',
    })
  })

  test('take another zone without being opened anew', async () => {
    const daemon = await start()
    const { port } = portOf(daemon)
    const zones = { small: { max_packet_size: '1KB' } }
    const listeners = [{ ...tcp, zone: 'small' }]
    expect(await reload(daemon, { zones, listeners })).toEqual({
      'listeners.tcp.zone': 'new_connections',
      'zones.small': 'new_connections',
    })
    expect(portOf(daemon)).toEqual({ port })
    const client = await RawClient.connect({ port })
    expect(client.connack?.properties).toMatchObject({ maximumPacketSize: 1024 })
  })
})
