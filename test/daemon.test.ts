import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { Configuration } from '../src/config/configuration.ts'
import { defaultConfiguration } from '../src/config/load.ts'
import { Daemon, type DaemonExtras, startDaemon } from '../src/daemon.ts'
import { ListenError } from '../src/listeners/listen-error.ts'
import { defaultListenerOptions, type ListenerOptions } from '../src/listeners/options.ts'
import { MemoryStore } from '../src/store/memory/memory-store.ts'
import { type CommitUnderWay, FaultyStore } from './support/faulty-store.ts'
import { RawClient } from './support/raw-client.ts'
import { TestLog } from './support/test-log.ts'

const started: Daemon[] = []
const log = new TestLog()
afterEach(async () => {
  await Promise.all(started.splice(0).map((daemon) => daemon.stop()))
})

function configured(listeners: Partial<ListenerOptions>[] = [{}], timeoutMs = 5000): Configuration {
  return {
    ...defaultConfiguration(),
    store: { ...defaultConfiguration().store, backend: 'memory' },
    listeners: listeners.map((options) => ({ ...defaultListenerOptions, port: 0, ...options })),
    shutdown: { timeoutMs },
  }
}

async function start(configuration = configured(), extras?: DaemonExtras): Promise<Daemon> {
  const daemon = await startDaemon(configuration, log, extras)
  started.push(daemon)
  return daemon
}

function portOf(daemon: Daemon): { port: number } {
  return { port: daemon.listeners[0]?.port ?? 0 }
}

/** A store that answers nothing once it is told to stall, and says whether it was closed. */
class StallingStore extends FaultyStore {
  isClosed = false
  isStalling = false

  constructor() {
    super(new MemoryStore(), (commit: CommitUnderWay) => {
      if (!this.isStalling) commit.settle('commit')
    })
  }

  override close(): Promise<void> {
    this.isClosed = true
    return super.close()
  }
}

test('stop tells MQTT 5 clients 0x8B, closes the others, and ends when they are gone', async () => {
  const daemon = await start()
  const five = await RawClient.connect(portOf(daemon))
  const four = await RawClient.connect(portOf(daemon), { version: 4 })
  const nobody = await RawClient.open(portOf(daemon))
  const stopping = daemon.stop()
  expect(daemon.stop()).toBe(stopping)
  expect((await five.expect('disconnect')).reasonCode).toBe(0x8b)
  await four.expectClosedSilently()
  await nobody.expectClosedSilently()
  await stopping
  expect(daemon.connectionCount).toBe(0)
  await expect(RawClient.open(portOf(daemon))).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('stop publishes the wills of those it disconnects, and stores them', async () => {
  const store = new MemoryStore()
  const daemon = await start(configured(), { store })
  const lasting = { clean: false, clientId: 'watcher', properties: { sessionExpiryInterval: 60 } }
  const watcher = await RawClient.connect(portOf(daemon), lasting)
  await watcher.subscribe('will', { qos: 1 })
  await watcher.drop()
  await RawClient.connect(portOf(daemon), {
    will: { topic: 'will', payload: Buffer.from('gone'), qos: 1, retain: false },
  })
  await daemon.stop()
  const again = await start(configured(), { store })
  const back = await RawClient.connect(portOf(again), lasting)
  expect((await back.expect('publish')).payload.toString()).toBe('gone')
})

test('stop publishes wills while others still get them, also those that wait for their delay', async () => {
  const daemon = await start(configured())
  const watcher = await RawClient.connect(portOf(daemon), { clientId: 'watcher' })
  await watcher.subscribe('will/+')
  for (const clientId of ['here', 'away']) {
    const client = await RawClient.connect(portOf(daemon), {
      clientId,
      properties: { sessionExpiryInterval: 60 },
      will: {
        topic: `will/${clientId}`,
        payload: Buffer.from('gone'),
        qos: 0,
        retain: false,
        properties: { willDelayInterval: 30 },
      },
    })
    if (clientId === 'away') await client.drop()
  }
  await daemon.stop()
  const topics = (await watcher.expectMany('publish', 2)).map(({ topic }) => topic)
  expect(topics.toSorted()).toEqual(['will/away', 'will/here'])
  expect((await watcher.expect('disconnect')).reasonCode).toBe(0x8b)
})

test('stop is bounded: who does not read is cut off, and the store is closed', async () => {
  const store = new StallingStore()
  const daemon = await start(configured([{}], 50), { store })
  const stuck = await RawClient.connect(portOf(daemon))
  stuck.stream.pause()
  await daemon.stop()
  expect(daemon.connectionCount).toBe(0)
  expect(store.isClosed).toBe(true)
  expect(log.messages('warn')).toContain('connections cut off: shutdown.timeout passed')
})

test('stop is bounded by a store that stalls, and clients are told all the same', async () => {
  const store = new StallingStore()
  const daemon = await start(configured([{}], 50), { store })
  const client = await RawClient.connect(portOf(daemon))
  store.isStalling = true
  const lasting = await RawClient.open(portOf(daemon))
  lasting.sendConnect({ clientId: 'c', properties: { sessionExpiryInterval: 60 } })
  await client.expectSilence()
  await daemon.stop()
  expect((await client.expect('disconnect')).reasonCode).toBe(0x8b)
  expect(store.isClosed).toBe(true)
})

test('stop is bounded by a store that does not close, and says so', async () => {
  class OpenStore extends StallingStore {
    override close(): Promise<void> {
      return new Promise(() => {})
    }
  }
  const daemon = await start(configured([{}], 50), { store: new OpenStore() })
  await daemon.stop()
  expect(log.messages('error')).toContain(
    'the store does not close; the next start recovers what is in it',
  )
})

test('a listener that cannot listen ends the start with one line, and what was opened is closed', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => taken.once('listening', resolve))
  const { port } = taken.address() as { port: number }
  const store = new StallingStore()
  const daemon = new Daemon(configured([{ name: 'a' }, { name: 'b', port }]), log, { store })
  const error = await daemon.start().catch((problem: Error) => problem)
  expect(error).toBeInstanceOf(ListenError)
  expect((error as Error).message).toBe(
    `listener b (tcp 127.0.0.1:${port}): the address is already in use; ` +
      'stop the other program or choose another port',
  )
  expect(store.isClosed).toBe(true)
  await expect(RawClient.open(portOf(daemon))).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  taken.close()
})

test('a store that cannot be read ends the start, and is closed', async () => {
  class BrokenStore extends StallingStore {
    override sessions(): never {
      throw new Error('the store is damaged')
    }
  }
  const store = new BrokenStore()
  const daemon = new Daemon(configured(), log, { store })
  await expect(daemon.start()).rejects.toThrow('the store is damaged')
  expect(store.isClosed).toBe(true)
  expect(daemon.listeners).toEqual([])
})

test('stop while it starts leaves nothing open', async () => {
  const daemon = new Daemon(configured([{ name: 'a' }, { name: 'b' }]), log)
  const starting = daemon.start()
  await daemon.stop()
  await starting
  for (const { port } of daemon.listeners) {
    await expect(RawClient.open({ port })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  }
})

test('tells where it listens, with the ports that the system chose', async () => {
  const daemon = await start(configured([{ name: 'a' }, { name: 'b', type: 'ws' }]))
  expect(daemon.listeners).toEqual([
    { name: 'a', type: 'tcp', address: '127.0.0.1', port: expect.any(Number) },
    { name: 'b', type: 'ws', address: '127.0.0.1', port: expect.any(Number) },
  ])
})

test('reload reads the password and rule files again, also for connected clients', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-broker-reload-'))
  const file = join(folder, 'acl')
  const write = (rules: string) => writeFileSync(file, rules)
  write('topic a\n')
  const configuration = configured()
  const acl = { isAllowedElse: false, file, rules: [] }
  const ruled = { ...configuration, access: { ...configuration.access, acl } }
  const daemon = await start(ruled)
  const client = await RawClient.connect(portOf(daemon))
  const publish = async () => {
    client.send({ cmd: 'publish', topic: 'a', payload: 'x', qos: 1, messageId: 1 })
    return (await client.expect('puback')).reasonCode
  }
  expect(await publish()).toBe(0x10)
  write('topic b\n')
  await daemon.reload(ruled)
  expect(await publish()).toBe(0x87)
  write('nonsense\n')
  await expect(daemon.reload(ruled)).rejects.toThrow(`${file}:1: "nonsense" is no rule`)
  expect(await publish()).toBe(0x87)
  rmSync(folder, { recursive: true })
})
