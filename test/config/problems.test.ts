// biome-ignore-all lint/suspicious/noTemplateCurlyInString: texts of the operator's have placeholders
import { expect, test } from 'vitest'
import { readListenFlags } from '../../src/config/listen-flag.ts'
import { loadConfiguration } from '../../src/config/load.ts'
import { problems } from './kit.ts'

const bindWanted = 'wanted: host:port, [v6]:port, *:port for all addresses, or unix:/path'
const anonymousWanted =
  'other machines can reach this address, and clients need no password; wanted: ' +
  'auth.password_file, or auth.allow_anonymous: true (environment ' +
  'MQTT_BROKER__AUTH__ALLOW_ANONYMOUS=true) if that is meant, or an address of this machine only, such as 127.0.0.1'

test('all problems of a file come at once, in its order', () => {
  const yaml = `node: { name: 5, data_dir: "\${NOPE}" }
listeners:
  - { name: tcp, type: tls, bind: 1883 }
  - name: tcp
    bind: 127.0.0.1:1883
    zone: factori
    protocol_versions: [3, 5]
  - name: ws
    path: mqtt
    max_inflight: 4
  - { name: 2nd, bind: "127.0.0.1:1883" }
zones:
  default:
    max_inflght: 3
    idle_timeout: 30
    messages_rate: 7
  factory: { max_qos_allowed: 3 }
store: { backend: sql }
log: []
bridges: []
`
  expect(problems(yaml)).toEqual([
    'zone.yaml:1:15 node.name: 5 is a number, not a text: put it in quotes; wanted: a name of 1 to 64 letters, digits, -, _, . and @',
    'zone.yaml:1:28 node.data_dir: environment variable NOPE is not set and has no default; wanted: set NOPE, or write ${NOPE:-default}',
    'zone.yaml:3:5 listeners[tcp].tls.certfile: is missing; wanted: a path of a PEM file',
    'zone.yaml:3:5 listeners[tcp].tls.keyfile: is missing; wanted: a path of a PEM file',
    `zone.yaml:3:35 listeners[tcp].bind: 1883 has a port but no address; ${bindWanted}`,
    'zone.yaml:4:11 listeners[tcp].name: is the name of listener 1 already; wanted: a name of its own',
    'zone.yaml:6:11 listeners[tcp].zone: there is no such zone; did you mean factory?',
    'zone.yaml:7:25 listeners[tcp].protocol_versions[0]: 3 is no version of MQTT; wanted: a list out of 3.1, 3.1.1 and 5',
    `zone.yaml:8:5 listeners[ws].bind: is missing; ${bindWanted}`,
    'zone.yaml:9:11 listeners[ws].path: "mqtt" is not allowed; wanted: a path that begins with /, such as /mqtt',
    'zone.yaml:10:5 listeners[ws].max_inflight: unknown key; it belongs to zones.default.max_inflight',
    'zone.yaml:11:13 listeners[2nd].name: "2nd" is not allowed; wanted: a name of letters, digits, - and _ that begins with a letter, at most 64 of them',
    'zone.yaml:11:24 listeners[2nd].bind: is where listener 2 listens already; wanted: another port',
    'zone.yaml:14:5 zones.default.max_inflght: unknown key; did you mean max_inflight?',
    'zone.yaml:15:19 zones.default.idle_timeout: 30 has no unit; wanted: a duration such as 500ms, 30s, 15m, 2h or 7d from 1ms to 1d, or infinity',
    'zone.yaml:16:20 zones.default.messages_rate: 7 says how much but not in what time; wanted: a rate above 0 such as 100/s or 500/10s, or infinity',
    'zone.yaml:17:31 zones.factory.max_qos_allowed: 3 is no QoS; wanted: 0, 1 or 2',
    'zone.yaml:18:19 store.backend: "sql" is not there yet in this version; wanted: embedded, memory or redis',
    'zone.yaml:19:6 log: a list is not a mapping; wanted: a mapping, that is lines of key: value',
    'zone.yaml:20:1 bridges: unknown key; wanted: one of node, listeners, zones, store, limits, retainer, auth, acl, sys, shutdown or log',
  ])
})

test.each([
  ['max_inflight', '0', '0 is too small; wanted: a whole number from 1 to 65535'],
  ['max_inflight', '70000', '70000 is too large; wanted: a whole number from 1 to 65535'],
  [
    'max_inflight',
    'infinity',
    '"infinity" is not possible here; wanted: a whole number from 1 to 65535',
  ],
  ['max_inflight', '1.5', '1.5 is not a whole number; wanted: a whole number from 1 to 65535'],
  ['max_inflight', '[1]', 'a list is not a whole number; wanted: a whole number from 1 to 65535'],
  ['max_inflight', '', 'has no value; wanted: a whole number from 1 to 65535', 5],
  ['keepalive_multiplier', 'x', '"x" is not a number; wanted: a number from 1 to 100'],
  ['upgrade_qos', 'yes', '"yes" is neither true nor false; wanted: true or false'],
  ['durability', 'disk', '"disk" is not one of the values; wanted: commit, async or none'],
  [
    'max_packet_size',
    '1PB',
    '"1PB" is not a size; wanted: a size such as 64KB or 1MB from 64B to 256MB',
  ],
  [
    'server_keepalive',
    '1500ms',
    '"1500ms" is not in whole seconds; wanted: whole seconds such as 30s, 2h or 7d from 0s to 65535s, or none',
  ],
  ['mqueue_priorities', '7', '7 is not a mapping; wanted: a mapping of topics to 1 … 255, or none'],
  ['response_information', '{}', 'a mapping is not a text; wanted: a text of at most 65535 bytes'],
])('a zone with %s: %s', (key, value, message, column = key.length + 7) => {
  const yaml = `zones:\n  default:\n    ${key}: ${value}\n`
  expect(problems(yaml)).toEqual([`zone.yaml:3:${column} zones.default.${key}: ${message}`])
})

test('topics of mqueue_priorities are names, their classes 1 to 255', () => {
  const yaml = (table: string) => `zones: { default: { mqueue_priorities: ${table} } }`
  expect(problems(yaml('{ a/#: 3 }'))).toEqual([
    'zone.yaml:1:47 zones.default.mqueue_priorities[a/#]: 3 belongs to no valid topic; wanted: a topic name without + and #',
  ])
  expect(problems(yaml('{ a/b: 256 }'))).toEqual([
    'zone.yaml:1:47 zones.default.mqueue_priorities[a/b]: 256 is too large; wanted: a whole number from 1 to 255',
  ])
})

test('settings of a zone that contradict each other, inherited or not', () => {
  const yaml = `zones:
  default: { receive_maximum: 2000, max_keepalive: 60s }
  small: { max_awaiting_rel: 100, server_keepalive: 2m }
`
  expect(problems(yaml)).toEqual([
    'zone.yaml:3:30 zones.small.max_awaiting_rel: 100 is below receive_maximum; wanted: at least 2000',
    'zone.yaml:3:53 zones.small.server_keepalive: 120s is above max_keepalive; wanted: at most 60s',
  ])
})

test('a name that no zone can have', () => {
  expect(problems('zones: { 7up: {} }')).toEqual([
    'zone.yaml:1:10 zones.7up: is no name for a zone; wanted: a name of letters, digits, - and _ that begins with a letter, at most 64 of them',
  ])
})

test('an empty list of listeners', () => {
  expect(problems('listeners: []')).toEqual([
    'zone.yaml:1:12 listeners: is an empty list; wanted: at least one listener',
  ])
})

test('a file that ends within a list is a problem too, however empty its last line is', () => {
  for (const yaml of ['zones: [\n', 'zones: {', 'a:\n  - [1,\n\n'])
    expect(problems(yaml)).toHaveLength(1)
})

test('an address that others reach wants a decision about anonymous clients', () => {
  const yaml = 'listeners: [{ name: all, bind: "*:1883" }]'
  expect(problems(yaml)).toEqual([`zone.yaml:1:32 listeners[all].bind: ${anonymousWanted}`])
  expect(problems(`${yaml}\nauth: { allow_anonymous: true }`)).toEqual([])
  expect(problems(`${yaml}\nauth: { allow_anonymous: false }`)).toEqual([])
  expect(problems(yaml, { MQTT_BROKER__AUTH__ALLOW_ANONYMOUS: 'true' })).toEqual([])
})

test.each([
  [
    'node: [',
    '1:8: flow sequence in block collection must be sufficiently indented and end with a ]; wanted: YAML',
  ],
  ['log: {}\nlog: {}', '2:1: this key is here twice; wanted: once'],
  ['a: *nothing', '1:4 a: no anchor has this name; wanted: an & with it, further up'],
  [
    'log: { level: ${L} }',
    '1:16: unexpected flow-map-start at node end; wanted: quotes around a text with ${ inside { }',
  ],
  ['- 1', '1:1: a list is not a mapping; wanted: a mapping, that is lines of key: value'],
  ['? [1]\n: 2', '1:3: a key is a list or a mapping; wanted: a word'],
])('a file that is no configuration: %j', (yaml, problem) => {
  expect(problems(yaml)).toContain(`zone.yaml:${problem}`)
})

test('aliases that repeat too much are stopped', () => {
  const lists = Array.from(
    { length: 8 },
    (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(10)}]`,
  )
  const found = problems(['a0: &a0 [x]', ...lists].join('\n'))
  expect(found.join('\n')).toContain(
    'there is too much in this file; wanted: at most 100000 values',
  )
})

test('a file that is not there, or is a folder', () => {
  expect(loadConfiguration('/nowhere/zone.yaml', {}, [])).toEqual({
    problems: [
      {
        place: undefined,
        path: '',
        message: '/nowhere/zone.yaml: there is no such file; wanted: a configuration, see --config',
      },
    ],
  })
  expect(loadConfiguration('/', {}, [])).toMatchObject({
    problems: [{ message: '/: is a folder; wanted: a file' }],
  })
})

test('problems of the environment and of flags name the variable and the flag', () => {
  const environment = {
    MQTT_BROKER__ZONES__DEFAULT__MAX_INFLIHT: '3',
    MQTT_BROKER__ZONES__DEFAULT__MAX_INFLIGHT: 'lots',
    MQTT_BROKER__ZONES__FACTORI__MAX_INFLIGHT: '1',
    MQTT_BROKER__LISTENERS__TPC__BIND: '127.0.0.1:1',
    MQTT_BROKER__LISTENERS__7__BIND: '127.0.0.1:1',
    MQTT_BROKER__LOG__LEVEL__X: 'x',
    MQTT_BROKER__STORE: '{ backend',
    MQTT_BROKER____A: '1',
  }
  const value = readListenFlags(['1884', 'wss://h:1'])
  const found = problems('log: { level: info }', environment, [
    { flag: '--listen', path: ['listeners'], value },
  ])
  expect(found.sort()).toEqual(
    [
      `--listen listeners[wss].bind: ${anonymousWanted}`,
      '--listen listeners[wss].tls.certfile: is missing; wanted: a path of a PEM file',
      '--listen listeners[wss].tls.keyfile: is missing; wanted: a path of a PEM file',
      'MQTT_BROKER__LISTENERS__7__BIND listeners: there is no item 7; wanted: an index from 0 to 1',
      'MQTT_BROKER__LISTENERS__TPC__BIND listeners: no item is named tpc; wanted: tcp, or an index',
      'MQTT_BROKER__LOG__LEVEL__X log.level: holds a single value, so nothing inside it can be set; wanted: a shorter name',
      'MQTT_BROKER__STORE store: its value begins like a list or mapping but is not one; wanted: YAML',
      'MQTT_BROKER__ZONES__DEFAULT__MAX_INFLIGHT zones.default.max_inflight: its value is not a whole number; wanted: a whole number from 1 to 65535',
      'MQTT_BROKER__ZONES__DEFAULT__MAX_INFLIHT zones.default.max_infliht: unknown key; did you mean max_inflight?',
      'MQTT_BROKER__ZONES__FACTORI__MAX_INFLIGHT zones: there is no zone factori; wanted: default',
      'MQTT_BROKER____A: a name between __ is empty; wanted: MQTT_BROKER__SECTION__KEY',
    ].sort(),
  )
})

test('what comes out of the environment is never shown, nor is a password in a URL', () => {
  const secret = 'hunter2'
  const found = problems(
    `log: { level: "\${PASSWORD}", format: "x://user:${secret}@host" }\nstore: "\${PASSWORD}"\n"a": "${secret}" b`,
    { PASSWORD: secret },
  )
  expect(found.join('\n')).not.toContain(secret)
  const valid = problems(
    `log: { level: "\${PASSWORD}", format: "x://user:${secret}@host" }\nstore: "\${PASSWORD}"`,
    { PASSWORD: secret, MQTT_BROKER__NODE: secret, MQTT_BROKER__AUTH__ALLOW_ANONYMOUS: secret },
  )
  expect(valid).toHaveLength(5)
  expect(valid.join('\n')).not.toContain(secret)
  expect(valid[0]).toContain('log.level: "${PASSWORD}" is not one of the values')
})
