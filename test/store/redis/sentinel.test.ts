import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../support/free-port.ts'
import { RedisServer, redisIsMissing } from '../../support/redis-server.ts'
import { OpenStore } from './kit.ts'

/** A failover takes its time. */
const late = { interval: 50, timeout: 30_000 }

describe.skipIf(redisIsMissing)('Redis behind a Sentinel', () => {
  let first: RedisServer
  let second: RedisServer
  let sentinel: RedisServer
  beforeAll(async () => {
    first = await RedisServer.start()
    second = await RedisServer.start({ replicaof: `127.0.0.1 ${first.port}` })
    sentinel = await RedisServer.startSentinel(first)
  })
  afterAll(async () => {
    for (const server of [sentinel, second, first]) await server.dispose()
  })

  test('goes on with the replica when the server is gone, and has lost nothing', async () => {
    const knowsReplica = async (): Promise<unknown> => {
      const replicas = await sentinel.client.call('SENTINEL', 'REPLICAS', 'mymaster')
      return JSON.stringify(replicas).includes('"master-link-status","ok"')
    }
    await expect.poll(knowsReplica, late).toBe(true)
    const nowhere = { ...first.options().server, port: await freePort() }
    const sentinels = [nowhere, sentinel].map(({ port }) => ({ host: '127.0.0.1', port }))
    const changes = { server: nowhere, sentinels, commandTimeoutMs: 1000 }
    const open = await OpenStore.open(first.options(changes))
    await open.begin()
    await open.queue(1)
    await expect.poll(() => second.client.xlen('mqtt:{c}:5:0'), late).toBe(1)
    await first.stop('SIGKILL')
    const batch = open.batch((each) => each.session({ clientId: 'c', generation: 5 }).freed(1))
    const tryAgain = (): Promise<string> =>
      open.store.commit(batch).then(
        () => 'done',
        (error: Error) => error.message,
      )
    expect(await tryAgain()).toMatch(/^redis mymaster\/0 \(Sentinels .*\): /)
    await expect.poll(tryAgain, late).toBe('done')
    await open.queue(2)
    expect(await open.queued()).toEqual([1, 2])
    expect(await second.client.hget('mqtt:owner', 'batch')).toBe('4')
    await open.store.close()
  }, 60_000)

  test('is told with its Sentinels when none of them answers', async () => {
    const port = await freePort()
    const options = first.options({
      sentinels: [{ host: '127.0.0.1', port }],
      connectTimeoutMs: 300,
    })
    await expect(OpenStore.open(options)).rejects.toThrow(
      new RegExp(`Sentinels 127.0.0.1:${port}\\) cannot be reached: All sentinels are unreachable`),
    )
  })
})
