// biome-ignore-all lint/suspicious/noTemplateCurlyInString: texts of the operator's have placeholders
import { expect, test } from 'vitest'
import { describeRedis } from '../../src/store/redis/options.ts'
import { accepted, load, problems } from './kit.ts'

const secret = 'hunter2'
const urlWanted = 'wanted: redis://user:password@host:port/database, or rediss:// for TLS'

function redisOf(store: string, environment = {}) {
  return accepted(`store: { backend: redis, ${store} }`, environment).store.redis
}

test('a URL says where Redis is, and who logs in', () => {
  expect(redisOf('url: "redis://ada:p%40ss@[::1]:7000/3"').server).toEqual({
    host: '::1',
    port: 7000,
    username: 'ada',
    password: 'p@ss',
    database: 3,
    isTls: false,
  })
  expect(redisOf('url: "rediss://redis.example"').server).toEqual({
    host: 'redis.example',
    port: 6379,
    username: undefined,
    password: undefined,
    database: 0,
    isTls: true,
  })
})

test('a password comes out of the environment, as a part of the URL or as a whole', () => {
  const environment = { REDIS_PASSWORD: secret }
  const server = redisOf('url: "redis://:${REDIS_PASSWORD}@h:1/"', environment).server
  expect(server).toMatchObject({ host: 'h', port: 1, username: undefined, password: secret })
  const whole = { MQTT_BROKER__STORE__URL: `redis://u:${secret}@h` }
  expect(redisOf('url: "redis://other"', whole).server).toMatchObject({
    host: 'h',
    password: secret,
  })
})

test('Sentinels, TLS and the rest', () => {
  const yaml = `store:
  backend: redis
  url: rediss://any
  sentinels: [a:26379, "[::1]:26380"]
  sentinel_name: primary
  sentinel_password: x
  tls: { cacertfile: ca.crt, certfile: /etc/b.crt, keyfile: none }
  key_prefix: "factory:mqtt"
  wait_replicas: 2
  takeover_after: 30s
  connect_timeout: 1s
  command_timeout: 500ms
`
  expect(problems(yaml)).toEqual([
    'zone.yaml:7:8 store.tls: wanted: certfile and keyfile, or neither',
  ])
  const { loaded, folder } = load(yaml.replace('keyfile: none', 'keyfile: b.key'))
  expect('configuration' in loaded && loaded.configuration.store.redis).toMatchObject({
    sentinels: [
      { host: 'a', port: 26379 },
      { host: '::1', port: 26380 },
    ],
    sentinelName: 'primary',
    sentinelPassword: 'x',
    tls: { caFile: `${folder}/ca.crt`, certFile: '/etc/b.crt', keyFile: `${folder}/b.key` },
    keyPrefix: 'factory:mqtt',
    waitReplicas: 2,
    takeoverAfterMs: 30_000,
    connectTimeoutMs: 1000,
    commandTimeoutMs: 500,
  })
})

test.each([
  ['url: 7', `url: is no URL; ${urlWanted}`],
  ['url: localhost', `url: is no URL; ${urlWanted}`],
  ['url: "http://h"', `url: begins with neither redis:// nor rediss://; ${urlWanted}`],
  ['url: "redis://"', `url: has no host; ${urlWanted}`],
  ['url: "redis://h/x"', `url: has no number of a database behind its host; ${urlWanted}`],
  ['url: "redis://h/1?x=1"', `url: has something behind its database; ${urlWanted}`],
  ['url: "redis://u:50%@h"', `url: has a % that stands for no character: write %25; ${urlWanted}`],
  ['sentinels: h:1', 'sentinels: "h:1" is not a list; wanted: a list of host:port'],
  ['sentinels: [h]', 'sentinels[0]: "h" has no port; wanted: host:port'],
  ['sentinels: ["*:1"]', 'sentinels[0]: "*:1" is no one address; wanted: host:port'],
  [
    'key_prefix: "{a}"',
    'key_prefix: "{a}" is not allowed; wanted: 1 to 64 letters, digits, -, _, . and :',
  ],
  [
    'takeover_after: 1ms',
    'takeover_after: "1ms" is too small; wanted: a duration such as 500ms, 30s, 15m, 2h or 7d from 300ms to 10m',
  ],
])('%s is refused', (setting, problem) => {
  const key = /^[a-z_]+/.exec(setting)?.[0] ?? ''
  const found = problems(`store: { ${setting} }`)
  expect(found).toHaveLength(1)
  expect(found[0]?.replace(/^zone.yaml:1:\d+ /, '')).toBe(`store.${problem}`)
  expect(found[0]).toContain(`store.${key}`)
})

test('TLS that the URL does not ask for is refused', () => {
  const wanted = 'store.url does not ask for TLS; wanted: rediss://host:port'
  for (const url of ['', 'url: redis://h, ']) {
    const found = problems(`store: { ${url}tls: { cacertfile: ca.crt } }`)
    expect(found).toEqual([expect.stringMatching(`store.tls: ${wanted}$`)])
  }
  expect(problems('store: { url: rediss://h, tls: { cacertfile: ca.crt } }')).toEqual([])
})

test('neither a password nor a URL is ever shown', () => {
  const found = [
    ...problems(`store: { url: "redis://u:${secret}/x@h", sentinel_password: 2345678 }`),
    ...problems(`store: { url: [${secret}], sentinel_password: { ${secret}: 1 } }`),
  ]
  expect(found).toHaveLength(4)
  expect(found.join('\n')).not.toMatch(`${secret}|2345678`)
  expect(describeRedis(redisOf(`url: "redis://ada:${secret}@h/1"`))).toBe('redis h:6379/1')
})
