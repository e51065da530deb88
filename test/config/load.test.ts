// biome-ignore-all lint/suspicious/noTemplateCurlyInString: texts of the operator's have placeholders
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { defaultChannelOptions } from '../../src/channel/options.ts'
import { readListenFlags } from '../../src/config/listen-flag.ts'
import { defaultConfiguration, loadConfiguration } from '../../src/config/load.ts'
import { Share } from '../../src/config/share.ts'
import { defaultListenerOptions } from '../../src/listeners/options.ts'
import { defaultSessionOptions } from '../../src/session/options.ts'
import { accepted, load } from './kit.ts'

const infinity = Number.POSITIVE_INFINITY

describe('without a file', () => {
  test('it listens on this machine only, with every layer at its own defaults', () => {
    const configuration = defaultConfiguration()
    expect(configuration.listeners).toEqual([defaultListenerOptions])
    expect(configuration.listeners[0]).toMatchObject({ host: '127.0.0.1', port: 1883 })
    expect(configuration.access.allowAnonymous).toBe(true)
    expect([...configuration.zones.values()]).toEqual([
      {
        name: 'default',
        session: defaultSessionOptions,
        channel: defaultChannelOptions,
        connectionsMax: infinity,
        connectionRate: undefined,
      },
    ])
    expect(loadConfiguration(undefined, {}, [])).toMatchObject({ configuration })
  })

  test('an empty file, and empty sections, say the same', () => {
    const { node, store, ...rest } = defaultConfiguration()
    const expected = {
      ...rest,
      node: { ...node, dataDir: expect.stringMatching(/\/data$/) },
      store: { ...store, path: expect.stringMatching(/\/data\/store$/) },
    }
    expect(accepted('')).toEqual(expected)
    expect(accepted('# nothing')).toEqual(expected)
    expect(accepted('node:\nlisteners:\nzones:\n  default:\nlog:\nauth: {}')).toEqual(expected)
  })
})

describe('zones', () => {
  test('inherit from default what they do not say, and default from the layers', () => {
    const { zones } = accepted(`zones:
  factory: { max_mqueue_len: 10000, mqueue_priorities: { alarm/fire: 255 } }
  default: { max_inflight: 64, max_mqueue_len: 7, messages_rate: 100/s, server_keepalive: 1m }
  open: { messages_rate: infinity, server_keepalive: none, durability: async }
`)
    expect([...zones.keys()].sort()).toEqual(['default', 'factory', 'open'])
    expect(zones.get('default')?.session).toEqual({
      ...defaultSessionOptions,
      inflightMax: 64,
      mqueueLengthMax: 7,
    })
    expect(zones.get('factory')?.session).toEqual({
      ...defaultSessionOptions,
      inflightMax: 64,
      mqueueLengthMax: 10_000,
      mqueuePriorities: new Map([['alarm/fire', 255]]),
    })
    expect(zones.get('factory')?.channel).toEqual({
      ...defaultChannelOptions,
      messagesRate: { count: 100, perMs: 1000 },
      serverKeepAliveS: 60,
    })
    expect(zones.get('open')?.channel).toEqual({ ...defaultChannelOptions, durability: 'async' })
  })

  test('take 0 for no limit where the field does', () => {
    const { zones, retainer } = accepted(
      'zones: { default: { max_subscriptions: 0, max_mqueue_len: 0 } }\nretainer: { max_retained_messages: 0 }',
    )
    expect(zones.get('default')?.session).toMatchObject({
      subscriptionsMax: infinity,
      mqueueLengthMax: infinity,
    })
    expect(retainer.retainedMessagesMax).toBe(infinity)
  })
})

test('every key of a listener', () => {
  const { listeners } = accepted(`listeners:
  - name: ws
    type: ws
    bind: "[::1]:8083"
    zone: default
    path: /broker
    max_connections: 10
    max_conn_rate: 5/10s
    protocol_versions: [3.1.1, 5]
    handshake_timeout: 5s
    socket_mode: 600
    allowed_origins: [https://App.example.com, "null"]
    tcp_options: { backlog: 7, keepalive: 30s, nodelay: false, high_watermark: 64KB }
`)
  expect(listeners).toEqual([
    {
      name: 'ws',
      type: 'ws',
      host: '::1',
      port: 8083,
      unixPath: undefined,
      socketMode: 0o600,
      allowedOrigins: ['https://app.example.com', 'null'],
      path: '/broker',
      zone: 'default',
      connectionsMax: 10,
      connectionRate: { count: 5, perMs: 10_000 },
      protocolVersions: [4, 5],
      backlog: 7,
      keepAliveMs: 30_000,
      noDelay: false,
      highWatermark: 65_536,
      handshakeMs: 5000,
      tls: undefined,
    },
  ])
})

test('a Unix socket, relative to the file, is of this machine only', () => {
  const { loaded, folder } = load('listeners: [{ name: u, bind: "unix:run/mqtt.sock" }]')
  const configuration = 'configuration' in loaded ? loaded.configuration : undefined
  expect(configuration?.access.allowAnonymous).toBe(true)
  expect(configuration?.listeners[0]).toMatchObject({
    unixPath: join(folder, 'run/mqtt.sock'),
    host: undefined,
    port: 0,
  })
})

test('everything beside listeners and zones', () => {
  const configuration = accepted(`node: { name: edge-1, data_dir: /var/lib/broker }
limits: { max_sessions: 1000, max_queued_bytes: 1GB }
retainer: { max_retained_messages: 5, max_payload_size: 2KB, msg_expiry_interval: 1h }
auth: { allow_anonymous: false }
shutdown: { timeout: 500ms }
log: { level: warn, format: json }
store: { backend: memory, path: p, max_bytes: 1GB, commit_interval: 5ms, async_interval: 2s, on_failure: reject }
`)
  expect(configuration).toMatchObject({
    node: { name: 'edge-1', dataDir: '/var/lib/broker' },
    limits: { sessionsMax: 1000, queuedBytesMax: 1024 ** 3 },
    retainer: { retainedMessagesMax: 5, payloadSizeMax: 2048, messageExpiryIntervalMs: 3_600_000 },
    access: { allowAnonymous: false },
    shutdown: { timeoutMs: 500 },
    log: { level: 'warn', format: 'json' },
    store: {
      backend: 'memory',
      path: '/var/lib/broker/p',
      bytesMax: 1024 ** 3,
      commitIntervalMs: 5,
      asyncIntervalMs: 2000,
      onFailure: 'reject',
    },
  })
})

test('a share of the queued bytes is of what there is room for', () => {
  const { queuedBytesMax } = accepted('limits: { max_queued_bytes: 25% }').limits
  expect(queuedBytesMax).toEqual(new Share(25))
  expect(new Share(25).of(1003)).toBe(250)
})

describe('relative paths', () => {
  test('are relative to the file', () => {
    const { loaded, folder } = load('node: { data_dir: "${DATA:-d}-${PORT}" }', { PORT: '1' })
    expect(loaded).toMatchObject({ configuration: { node: { dataDir: join(folder, 'd-1') } } })
  })

  test('and to where the broker was started when the environment names them', () => {
    const environment = { MQTT_BROKER__NODE__DATA_DIR: 'elsewhere' }
    expect(accepted('', environment).node.dataDir).toBe(join(process.cwd(), 'elsewhere'))
  })
})

describe('texts with environment variables', () => {
  test('stand for numbers and booleans too, quoted or not', () => {
    const yaml = `listeners: [{ name: tcp, bind: "127.0.0.1:\${PORT}" }]
zones:
  default:
    max_inflight: \${WINDOW:-8}
    upgrade_qos: "\${UPGRADE}"`
    const { listeners, zones } = accepted(yaml, { PORT: '1999', UPGRADE: 'true' })
    expect(listeners[0]).toMatchObject({ port: 1999 })
    expect(zones.get('default')?.session).toMatchObject({ inflightMax: 8, upgradeQoS: true })
  })

  test('may come through an alias', () => {
    const yaml = 'zones: { default: &a { max_inflight: 7 }, b: *a }'
    expect(accepted(yaml).zones.get('b')?.session.inflightMax).toBe(7)
  })
})

describe('overrides of the environment', () => {
  test('go over the file, in zones, lists by name or index, and sections that are not there', () => {
    const yaml = `listeners:
  - { name: tcp, bind: 127.0.0.1:1 }
  - { name: web-1, type: ws, bind: 127.0.0.1:2 }
zones: { Line-A: { max_inflight: 3 } }`
    const { listeners, zones, log, limits } = accepted(yaml, {
      MQTT_BROKER__LISTENERS__TCP__BIND: '127.0.0.1:11',
      MQTT_BROKER__LISTENERS__WEB_1__TCP_OPTIONS__BACKLOG: '9',
      MQTT_BROKER__LISTENERS__1__PATH: '/x',
      MQTT_BROKER__LISTENERS__2: '{ name: third, bind: "127.0.0.1:3" }',
      MQTT_BROKER__ZONES__LINE_A__MAX_INFLIGHT: '4',
      MQTT_BROKER__ZONES__DEFAULT__MQUEUE_PRIORITIES: '{ a/b: 5 }',
      MQTT_BROKER__LOG__LEVEL: 'debug',
      MQTT_BROKER__LIMITS__MAX_SESSIONS: '12',
      MQTT_BROKER_HOME: 'of no interest',
    })
    expect(listeners.map(({ name, port, path, backlog }) => [name, port, path, backlog])).toEqual([
      ['tcp', 11, '/mqtt', 1024],
      ['web-1', 2, '/x', 9],
      ['third', 3, '/mqtt', 1024],
    ])
    expect(zones.get('Line-A')?.session).toMatchObject({
      inflightMax: 4,
      mqueuePriorities: new Map([['a/b', 5]]),
    })
    expect(log.level).toBe('debug')
    expect(limits.sessionsMax).toBe(12)
  })

  test('reach the listener that is there without a file', () => {
    const environment = { MQTT_BROKER__LISTENERS__TCP__BIND: '127.0.0.1:1999' }
    expect(loadConfiguration(undefined, environment, [])).toMatchObject({
      configuration: { listeners: [{ name: 'tcp', port: 1999 }] },
    })
  })
})

describe('flags', () => {
  test('go over the environment, and --listen replaces all listeners', () => {
    const flags = [
      {
        flag: '--listen',
        path: ['listeners'],
        value: readListenFlags(['1884', 'ws://[::1]:8083/m']),
      },
      { flag: '--log-level', path: ['log', 'level'], value: 'trace' },
    ]
    const environment = { MQTT_BROKER__LOG__LEVEL: 'error' }
    const { listeners, log } = accepted(
      'listeners: [{ name: a, bind: "127.0.0.1:5" }]',
      environment,
      flags,
    )
    expect(
      listeners.map(({ name, type, host, port, path }) => [name, type, host, port, path]),
    ).toEqual([
      ['tcp', 'tcp', '127.0.0.1', 1884, '/mqtt'],
      ['ws', 'ws', '::1', 8083, '/m'],
    ])
    expect(log).toEqual({ level: 'trace', format: 'auto' })
  })

  test('--listen takes a port, an address, or a URL, and numbers the names', () => {
    expect(readListenFlags(['1', '0.0.0.0:2', 'mqtt://h:3', 'ws://h:4'])).toEqual([
      { name: 'tcp', type: 'tcp', bind: '127.0.0.1:1' },
      { name: 'tcp-2', type: 'tcp', bind: '0.0.0.0:2' },
      { name: 'tcp-3', type: 'tcp', bind: 'h:3' },
      { name: 'ws', type: 'ws', bind: 'h:4' },
    ])
  })
})

test('keys that mean something to JavaScript mean nothing here', () => {
  const { loaded } = load(
    '__proto__: { node: 1 }\nconstructor: 1\nzones: { default: { __proto__: 1 } }',
  )
  expect(loaded).toMatchObject({
    problems: [{ path: '__proto__' }, { path: 'constructor' }, { path: 'zones.default.__proto__' }],
  })
})
