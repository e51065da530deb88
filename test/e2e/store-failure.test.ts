import { describe, expect, onTestFinished, test } from 'vitest'
import type { BrokerProcess } from '../support/broker-process.ts'
import { DiskFaults, diskFaultsAreMissing } from '../support/faults/disk-faults.ts'
import { RawClient } from '../support/raw-client.ts'
import { collect, lasting, leaveSession, publish, StoreScene } from './store-kit.ts'
import { StoreLoad } from './store-load.ts'

const failing = 'the store fails: nothing is acknowledged until it works again'
const working = 'the store works again'

/** A scene whose data is on a disk with faults. */
function sceneOnDisk(settings: object = {}): { scene: StoreScene; disk: DiskFaults } {
  const scene = new StoreScene({ ...settings, node: { data_dir: 'disk/data' } })
  const disk = new DiskFaults(scene.path('disk'), { powerLoss: false })
  onTestFinished(() => disk.dispose())
  return { scene, disk }
}

/** From here on nothing can be written; the broker finds that out with one message of QoS 1. */
async function publishInVain(broker: BrokerProcess): Promise<RawClient> {
  const client = await RawClient.connect({ port: broker.port() })
  client.send({ cmd: 'publish', topic: 'a', payload: 'late', qos: 1, messageId: 7 })
  await broker.waitForLog(({ msg }) => msg === failing)
  return client
}

async function refusalOf(port: number): Promise<number | undefined> {
  const client = await RawClient.open({ port })
  return (await client.handshake({ ...lasting, clientId: 'new' })).reasonCode
}

describe.skipIf(diskFaultsAreMissing)('a disk that fails while the broker runs', () => {
  const faults = {
    'it is full': { fault: { freeBytes: 0 }, code: 'ENOSPC' },
    'it may not be written any more': { fault: { writeError: 'EROFS' }, code: 'EROFS' },
    'it is broken': { fault: { writeError: 'EIO' }, code: 'EIO' },
  } as const

  test.each(Object.entries(faults))(
    '%s: nothing is acknowledged, and all goes on by itself',
    async (_, { code, fault }) => {
      const { disk, scene } = sceneOnDisk()
      const broker = await scene.start(disk.environment)
      await leaveSession(broker, 'away', 'a')
      await publish(broker, 'a', ['1', '2'])
      disk.set(fault)
      const client = await publishInVain(broker)
      const { level, err } = await broker.waitForLog(({ msg }) => msg === failing)
      expect({ level, err }).toMatchObject({ level: 'error', err: { code } })
      // What is not to be kept goes on as ever.
      const other = await RawClient.connect({ port: broker.port() })
      await other.subscribe('b', { qos: 1 })
      other.send({ cmd: 'publish', topic: 'b', payload: 'x', qos: 1, messageId: 1 })
      await other.expectMany('publish', 1)
      await client.expectSilence()
      // Who would have to be kept is refused meanwhile.
      expect(await refusalOf(broker.port())).toBe(0x88)

      disk.set({})
      expect(await client.expect('puback', 20_000)).toMatchObject({ messageId: 7 })
      await broker.waitForLog(({ msg }) => msg === working)
      expect(await refusalOf(broker.port())).toBe(0)
      await publish(broker, 'a', ['3'])
      await broker.kill()
      const again = await scene.start(disk.environment)
      expect(await collect(again, 'away')).toEqual(['1', '2', 'late', '3'])
    },
  )

  test('it fills up under load: nothing is lost, doubled or out of order', async () => {
    const { disk, scene } = sceneOnDisk()
    const broker = await scene.start(disk.environment)
    await leaveSession(broker, 'away', 'load/#')
    const load = new StoreLoad(broker)
    disk.set({ freeBytes: 12_000_000 })
    await broker.waitForLog(({ msg }) => msg === failing)
    const { acknowledged } = load
    disk.set({})
    await broker.waitForLog(({ msg }) => msg === working)
    await load.reached(acknowledged + 500)
    await broker.kill()
    const again = await scene.start(disk.environment)
    const numbers = (await collect(again, 'away')).map((payload) => Number.parseInt(payload, 10))
    expect(numbers).toEqual(numbers.map((_, i) => i + 1))
    expect(numbers.length).toBeGreaterThanOrEqual(acknowledged + 500)
  })

  test('with on_failure: reject publishers are told', async () => {
    const { disk, scene } = sceneOnDisk({ store: { on_failure: 'reject' } })
    const broker = await scene.start(disk.environment)
    await leaveSession(broker, 'away', 'a')
    // That it is away is on the disk with what comes next: nothing is left to fail before the publish.
    await broker.waitForLog(({ msg }) => msg === 'client disconnected')
    await publish(broker, 'a', ['1'])
    disk.set({ freeBytes: 0 })
    const client = await publishInVain(broker)
    client.send({ cmd: 'publish', topic: 'a', payload: 'no', qos: 1, messageId: 8 })
    const other = await RawClient.connect({ port: broker.port() })
    other.send({ cmd: 'publish', topic: 'a', payload: 'no', qos: 2, messageId: 9 })
    expect(await other.expect('pubrec')).toMatchObject({ messageId: 9, reasonCode: 0x97 })
    disk.set({})
    const acks = [await client.expect('puback', 20_000), await client.expect('puback')]
    expect(acks.map(({ messageId, reasonCode = 0 }) => [messageId, reasonCode])).toEqual([
      [7, 0],
      [8, 0x97],
    ])
    await broker.kill()
    expect(await collect(await scene.start(disk.environment), 'away')).toEqual(['1', 'late'])
  })

  test('killed meanwhile: what was acknowledged is there', async () => {
    const { disk, scene } = sceneOnDisk()
    const broker = await scene.start(disk.environment)
    await leaveSession(broker, 'away', 'a')
    await publish(broker, 'a', ['1', '2'])
    disk.set({ freeBytes: 0 })
    await publishInVain(broker)
    await broker.kill()
    disk.set({})
    const payloads = await collect(await scene.start(disk.environment), 'away')
    expect(payloads.slice(0, 2)).toEqual(['1', '2'])
  })
})

describe.skipIf(diskFaultsAreMissing)('a disk that fails at the start: exit code 1', () => {
  const faults = {
    'it is full': {
      fault: { freeBytes: 0 },
      first: /^STORE\/database cannot be used: IO error: .*MANIFEST-\d+: No space left on device$/,
      later: /^STORE\/database cannot be used: IO error: .*\d+\.ldb: No space left on device$/,
    },
    'it is read-only': {
      fault: { createError: 'EROFS' },
      first: /^STORE cannot be used: the disk is read-only$/,
      later: /^STORE\/database cannot be used: IO error: .*\d+\.ldb: Read-only file system$/,
    },
  } as const

  test.each(Object.entries(faults))('%s', async (_, { fault, first, later }) => {
    const { disk, scene } = sceneOnDisk()
    disk.set(fault)
    expect(await refusal(scene, disk)).toMatch(first)
    disk.set({})
    const broker = await scene.start(disk.environment)
    await leaveSession(broker, 'away', 'a')
    await publish(broker, 'a', ['1', '2'])
    await broker.kill()
    disk.set(fault)
    expect(await refusal(scene, disk)).toMatch(later)
    disk.set({})
    expect(await collect(await scene.start(disk.environment), 'away')).toEqual(['1', '2'])
  })
})

/** What a broker says that cannot start. */
async function refusal(scene: StoreScene, disk: DiskFaults): Promise<string> {
  const { code, errors } = await scene.runBroker({ env: disk.environment })
  expect(code).toBe(1)
  const said = errors.replace(/^mqtt-broker: |\n$/g, '')
  return said.replaceAll(scene.path('disk/data/store'), 'STORE')
}
