import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { RedisOptions } from '../../../src/store/redis/options.ts'
import { options, slot, state } from '../../contract/kit.ts'
import { freePort } from '../../support/free-port.ts'
import { RedisServer, redisIsMissing } from '../../support/redis-server.ts'
import { OpenStore, queueOne } from './kit.ts'

const tlsFolder = resolve(import.meta.dirname, 'tls')
const secret = 'hunter2-is-a-secret'
const soon = { interval: 10, timeout: 8000 }

describe.skipIf(redisIsMissing)('a server of Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await RedisServer.start()
  })
  afterAll(() => server.dispose())
  afterEach(async () => {
    const settings = ['maxmemory-policy', 'noeviction', 'maxmemory', '0', 'appendfsync', 'always']
    await server.client.call('CONFIG', 'SET', ...settings)
    await server.client.flushall()
  })

  /** How a store is refused, in one line. */
  async function refusal(of: RedisOptions): Promise<string> {
    const error = await OpenStore.open(of).then(
      () => new Error('it was not refused'),
      (refused: Error) => refused,
    )
    return `${error.name}: ${error.message} ${JSON.stringify(error)}`
  }

  test('that drops keys when memory is short is refused', async () => {
    await server.client.config('SET', 'maxmemory-policy', 'allkeys-lru')
    expect(await refusal(server.options())).toMatch(
      /^StoreError: redis .* has maxmemory-policy allkeys-lru; wanted: maxmemory-policy noeviction/,
    )
    expect(await server.client.keys('*')).toEqual([])
  })

  test('that is a node of a cluster, or a Sentinel, is refused', async () => {
    const node = await RedisServer.start({ 'cluster-enabled': 'yes' })
    const sentinel = await RedisServer.startSentinel(server)
    const told = [await refusal(node.options()), await refusal(sentinel.options())]
    await node.dispose()
    await sentinel.dispose()
    expect(told).toEqual([
      expect.stringMatching(
        /^StoreError: .* is a node of Redis Cluster, which this version cannot/,
      ),
      expect.stringMatching(
        /^StoreError: .* is a Sentinel; wanted: its address in store.sentinels/,
      ),
    ])
  })

  test('that is not there is told with its address, and soon', async () => {
    const port = await freePort()
    const nowhere = { ...server.options().server, port }
    expect(await refusal(server.options({ server: nowhere }))).toMatch(
      new RegExp(`^StoreUnavailable: redis 127.0.0.1:${port}/0 cannot be reached: .*ECONNREFUSED`),
    )
  })

  test('that does not answer is told as such when connecting took too long', async () => {
    server.signal('SIGSTOP')
    try {
      const hasty = server.options({ connectTimeoutMs: 200 })
      expect(await refusal(hasty)).toMatch(/cannot be reached: no answer/)
    } finally {
      server.signal('SIGCONT')
    }
  })

  test.each([
    ['always', 'info', /keeps what is acknowledged, also when its machine fails$/],
    ['everysec', 'warn', /has appendfsync everysec: when its machine fails, .* may be lost$/],
    ['no', 'warn', /has appendfsync no: when its machine fails, .* may be lost$/],
  ] as const)('with appendfsync %s says what it promises', async (fsync, level, line) => {
    await server.client.config('SET', 'appendfsync', fsync)
    const { log, store } = await OpenStore.open(server.options())
    await store.close()
    expect(log.messages(level).at(-1)).toMatch(line)
  })

  test('with appendonly no says that it keeps little', async () => {
    const careless = await RedisServer.start({ appendonly: 'no' })
    const { log, store } = await OpenStore.open(careless.options())
    await store.close()
    await careless.dispose()
    expect(log.messages('warn')).toEqual([
      expect.stringMatching(/has appendonly no: when Redis ends, .* is lost$/),
    ])
  })

  test('that is nearly full counts as full, before it refuses everything', async () => {
    const { log, store } = await OpenStore.open(server.options({ takeoverAfterMs: 300 }))
    expect(store.isFull).toBe(false)
    const used = Number(/used_memory:(\d+)/.exec(await server.client.info('memory'))?.[1])
    await server.client.config('SET', 'maxmemory', Math.round(used * 1.05))
    await expect.poll(() => store.isFull, soon).toBe(true)
    await server.client.config('SET', 'maxmemory', used * 2)
    await expect.poll(() => store.isFull, soon).toBe(false)
    expect(log.messages('error')[0]).toMatch(/takes .* 90% of its maxmemory/)
    await store.close()
  })

  describe('with users', () => {
    // As docs/redis.md has them.
    const page = readFileSync(resolve(import.meta.dirname, '../../../docs/redis.md'), 'utf8')
    const rules = (/^user mqtt (.*)$/m.exec(page)?.[1] ?? '').replace('>secret', `>${secret}`)

    function as(username: string, password: string, changes: Partial<RedisOptions> = {}) {
      const login = { ...server.options().server, username, password }
      return server.options({ server: login, ...changes })
    }

    async function use(open: OpenStore): Promise<void> {
      const key = { clientId: 'c', generation: 5 }
      await open.commit((session) => {
        session.began(state)
        session.subscribed('a', options)
        slot(session, 1, 1)
        queueOne(session, 1)
      })
      await open.store.commit(open.batch((batch) => batch.retainedCleared('r')))
      expect(await open.sessions()).toHaveLength(1)
      expect(await open.queued()).toEqual([1])
      for await (const message of open.store.retained()) expect(message).toBeUndefined()
      expect(await open.store.readRetained('r')).toBeUndefined()
      await open.store.commit(open.batch((batch) => batch.session(key).ended()))
      await open.store.close()
    }

    test('lets one in who may do what the manual says, and no more', async () => {
      await server.client.call('ACL', 'SETUSER', 'mqtt', 'reset', ...rules.split(' '))
      const open = await OpenStore.open(as('mqtt', secret, { waitReplicas: 0 }))
      expect(open.log.messages('warn')).toEqual([])
      await use(open)
      expect(await server.client.call('ACL', 'LOG')).toEqual([])
    })

    test.each(['xadd', 'unlink', 'evalsha', 'script|load', 'multi', 'zrange'])(
      'names %s where one may not use it, in a script or outside',
      async (command) => {
        await server.client.call(
          'ACL',
          'SETUSER',
          'mqtt',
          'reset',
          ...rules.split(' '),
          `-${command}`,
        )
        const words = await OpenStore.open(as('mqtt', secret)).then(
          (open) => use(open).then(String, String),
          String,
        )
        expect(words.toLowerCase()).toMatch(
          command.startsWith('x') || command === 'unlink'
            ? `refuses what the store needs: ${command}: err the user executing the script can't run`
            : `this user has no permissions to run the '${command}' command`,
        )
      },
    )

    test('says that a password is wrong, and never which', async () => {
      await server.client.call('ACL', 'SETUSER', 'mqtt', 'reset', ...rules.split(' '))
      const told = await refusal(as('mqtt', `${secret}!`))
      expect(told).toMatch(/cannot be reached: WRONGPASS/)
      expect(told).not.toContain(secret)
    })

    test('never tells a password in what it logs', async () => {
      await server.client.call('ACL', 'SETUSER', 'mqtt', 'reset', ...rules.split(' '))
      const open = await OpenStore.open(as('mqtt', secret, { commandTimeoutMs: 300 }))
      server.signal('SIGSTOP')
      const failed = await open.begin().catch((error: Error) => error)
      server.signal('SIGCONT')
      await open.store.close()
      const { message, stack } = failed as Error
      const told = JSON.stringify([open.log.lines, failed, message, stack])
      expect(told).toContain('is lost; trying again')
      expect(told).not.toContain(secret)
    })
  })

  describe('with TLS', () => {
    let secure: RedisServer
    beforeAll(async () => {
      secure = await RedisServer.start({
        port: '0',
        'tls-cert-file': join(tlsFolder, 'server.pem'),
        'tls-key-file': join(tlsFolder, 'server.key.pem'),
        'tls-ca-cert-file': join(tlsFolder, 'ca.pem'),
      })
    })
    afterAll(() => secure.dispose())

    function over(files: Partial<RedisOptions['tls']>): RedisOptions {
      const plain = secure.options()
      const tls = { ...plain.tls, ...files }
      return { ...plain, server: { ...plain.server, isTls: true }, tls }
    }
    const caFile = join(tlsFolder, 'ca.pem')
    const certFile = join(tlsFolder, 'client.pem')
    const keyFile = join(tlsFolder, 'client.key.pem')

    test('is used with the certificates that are given', async () => {
      const open = await OpenStore.open(over({ caFile, certFile, keyFile }))
      await open.begin()
      expect(await open.sessions()).toHaveLength(1)
      await open.store.close()
    })

    test('is not trusted when nobody says so, nor is a broker without a certificate', async () => {
      expect(await refusal(over({ certFile, keyFile }))).toMatch(/cannot be reached: .*certificate/)
      expect(await refusal(over({ caFile }))).toMatch(
        /cannot be reached: .*(alert|reset|EPIPE|closed|answer)/,
      )
    })

    test('names a file that is not there', async () => {
      expect(await refusal(over({ caFile: '/nowhere/ca.pem' }))).toMatch(
        /^StoreUnavailable: \/nowhere\/ca.pem cannot be read: ENOENT/,
      )
    })
  })
})
