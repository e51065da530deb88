import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type BrokerProcess, startBroker } from '../support/broker-process.ts'
import { RawClient } from '../support/raw-client.ts'
import { RedisServer, redisIsMissing } from '../support/redis-server.ts'
import { RedisLoad } from './redis-load.ts'

/** Milliseconds that Redis is away at least; longer than the broker takes to notice it where it is set. */
const outageMsMin = Number(process.env.OUTAGE_MS ?? 0)

/** For what takes as long as it takes: milliseconds. */
const soon = { interval: 20, timeout: 40_000 }

describe.skipIf(redisIsMissing)('a broker over Redis', () => {
  let redis: RedisServer
  const brokers: BrokerProcess[] = []
  beforeEach(async () => {
    redis = await RedisServer.start({ appendfsync: 'always' })
  })
  afterEach(async () => {
    for (const broker of brokers.splice(0)) await broker.dispose()
    await redis.dispose()
  })

  async function start(folder?: string): Promise<BrokerProcess> {
    const store = { backend: 'redis', url: redis.url, takeover_after: '1s', command_timeout: '1s' }
    const config = {
      listeners: [{ name: 'tcp', type: 'tcp', bind: '127.0.0.1:0' }],
      zones: { default: { max_mqueue_len: 'infinity', max_mqueue_bytes: 'infinity' } },
      store,
      shutdown: { timeout: '1s' },
      log: { format: 'json' },
    }
    const broker = await startBroker({ config, ...(folder !== undefined && { folder }) })
    brokers.push(broker)
    return broker
  }

  describe('that goes away under load for a while', () => {
    const outages = {
      'it is stopped, and goes on': [() => redis.signal('SIGSTOP'), () => redis.signal('SIGCONT')],
      'it ends, and starts again': [() => redis.stop(), () => redis.start()],
      'it crashes, and starts again': [() => redis.stop('SIGKILL'), () => redis.start()],
    } as const

    test.each(Object.entries(outages))('%s: nothing is lost or doubled', async (_, [go, back]) => {
      const broker = await start()
      const load = new RedisLoad()
      await load.connect(broker.port())
      const probe = await RawClient.connect({ port: broker.port() }, { clientId: 'probe' })
      const idle = await RawClient.connect({ port: broker.port() }, { clientId: 'idle' })
      load.start()
      await expect.poll(() => load.tally.acked, soon).toBeGreaterThan(2000)

      await go()
      const goneAt = performance.now()
      probe.send({ cmd: 'publish', topic: 'bench/probe', payload: 'x', qos: 1, messageId: 1 })
      await broker.waitForLog(({ msg }) => msg.startsWith('the store fails'))
      // What was acknowledged before that has come when it has answered twice.
      for (let i = 0; i < 2; i++) await idle.expectSilence()
      const { acked } = load.tally
      await broker.waitForLog(({ msg }) => msg.endsWith('is lost; trying again'))
      for (let i = 0; i < 100; i++) await idle.expectSilence()
      expect(load.tally.acked).toBe(acked)
      expect(probe.received.filter(({ packet }) => packet?.cmd === 'puback')).toEqual([])

      await expect.poll(() => performance.now() - goneAt, soon).toBeGreaterThan(outageMsMin)
      expect(load.tally.acked).toBe(acked)
      await back()
      const outageMs = Math.round(performance.now() - goneAt)
      await probe.expect('puback', 20_000)
      const backMs = Math.round(performance.now() - goneAt - outageMs)
      await broker.waitForLog(({ msg }) => msg === 'the store works again')
      await expect.poll(() => load.tally.acked, soon).toBeGreaterThan(acked + 2000)
      load.stop()
      await expect.poll(() => load.isDone, soon).toBe(true)
      expect(load.tally).toMatchObject({ doubled: 0, outOfOrder: 0, refused: 0, alien: 0 })
      expect(load.tally.lostConnections).toBe(0)
      expect(load.tally.acked).toBe(load.sent)
      load.close()

      await broker.kill()
      const again = await start(broker.folder)
      const reader = await load.read(again.port())
      await expect.poll(() => load.missingOf(reader), soon).toBe(0)
      expect(reader.doubled).toBe(0)
      await reader.disconnect()
      if (outageMsMin === 0) return
      const times = `Redis away for ${outageMs} ms, the first acknowledgement ${backMs} ms later`
      process.stdout.write(`${times}: ${load.sent} acknowledged, 0 lost, 0 doubled\n`)
    })
  })

  test('that wakes up after another one took over acknowledges nothing', async () => {
    const first = await start()
    const old = await RawClient.connect(
      { port: first.port() },
      { clientId: 'c', clean: false, properties: { sessionExpiryInterval: 100 } },
    )
    await old.subscribe('t', { qos: 1 })
    first.signal('SIGSTOP')
    const second = await start()
    const client = await RawClient.connect({ port: second.port() }, { clientId: 'c', clean: false })
    expect(client.connack?.sessionPresent).toBe(true)
    old.send({ cmd: 'publish', topic: 't', payload: 'late', qos: 1, messageId: 1 })
    first.signal('SIGCONT')
    await first.waitForLog(({ msg }) => /was taken over by another broker; .* stopped$/.test(msg))
    client.send({ cmd: 'publish', topic: 't', payload: 'now', qos: 1, messageId: 1 })
    const packets = [await client.next(), await client.next()]
    expect(packets.map(({ cmd }) => cmd).sort()).toEqual(['puback', 'publish'])
    expect(await first.stop()).toBe(0)
    expect(old.received.filter(({ packet }) => packet?.cmd === 'puback')).toEqual([])
    expect(await second.stop()).toBe(0)
  })

  test('is refused while another one lives, and ends with what to do', async () => {
    const first = await start()
    await expect(start()).rejects.toThrow(
      /is in use by another broker \(process \d+ on .*\); stop it/,
    )
    expect(await first.stop()).toBe(0)
    const second = await start()
    expect(await second.stop()).toBe(0)
  })
})
