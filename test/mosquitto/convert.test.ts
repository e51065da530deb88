import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadConfiguration } from '../../src/config/load.ts'
import { formatProblem, type Problem } from '../../src/config/problem.ts'
import { convert } from '../../src/mosquitto/convert.ts'
import { formatRemark } from '../../src/mosquitto/plan.ts'
import { readConf, UnreadableConf } from '../../src/mosquitto/read-conf.ts'

/**
 * Settings of features that a version may not have yet, and whose files are not on every machine:
 * what is written of them is looked at as text.
 */
const elsewhere = /^(?:acl|auth\.password_file|listeners\[[\w-]+\]\.(?:type|tls|auth|acl))\b/

const full = join(import.meta.dirname, 'full.conf')

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'mqtt-broker-import-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** The zone.yaml of a mosquitto.conf, what is said of it, and what the broker has against it. */
function imported(text: string) {
  const home = folder()
  const conf = join(home, 'mosquitto.conf')
  writeFileSync(conf, text)
  const { remarks, text: yaml } = convert(readConf(conf))
  const said = remarks.map((remark) => formatRemark(remark).replace(`${home}/`, ''))
  return { yaml: yaml.replaceAll(`${home}/`, ''), said, ...checked(yaml, home) }
}

function checked(yaml: string, home: string) {
  const file = join(home, 'zone.yaml')
  writeFileSync(file, yaml)
  const loaded = loadConfiguration(file, {}, [])
  const problems: readonly Problem[] = 'problems' in loaded ? loaded.problems : []
  const configuration = 'configuration' in loaded ? loaded.configuration : undefined
  return {
    configuration,
    problems: problems.filter(({ path }) => !elsewhere.test(path)).map(formatProblem),
  }
}

test('a file with all kinds of lines becomes a zone.yaml that the broker takes', () => {
  const { remarks, text } = convert(readConf(full))
  expect(checked(text, folder()).problems).toEqual([])
  const keys = new Set(remarks.map(({ directive }) => directive.key))
  for (const key of 'user mount_point http_dir psk_hint connection address topic'.split(' ')) {
    expect(keys).toContain(key)
  }
})

test('each line is in the result or named, but for comments', () => {
  const { remarks, text } = convert(readConf(full))
  const named = new Set(remarks.map(({ directive }) => directive.line))
  const silent = readFileSync(full, 'utf8')
    .split('\n')
    .flatMap((line, index) => {
      const isTold = named.has(index + 1) || text.includes(`${full}:${index + 1}\n`)
      return isTold || line === '' || line.startsWith('#') ? [] : [line]
    })
  // The less talkative of two, and what is read before everything else.
  expect(silent).toEqual(['per_listener_settings false', 'log_type error'])
})

test('an empty file is mosquitto on this machine, with its defaults where ours are others', () => {
  const { configuration, problems, said } = imported('')
  expect([problems, said]).toEqual([[], []])
  expect(configuration?.listeners).toMatchObject([{ host: '127.0.0.1', port: 1883, type: 'tcp' }])
  expect(configuration?.access.allowAnonymous).toBe(true)
  expect(configuration?.store.backend).toBe('memory')
  expect(configuration?.zones.get('default')?.session.inflightMax).toBe(20)
  expect(configuration?.zones.get('default')?.channel.sessionExpiryIntervalS).toBe(
    Number.POSITIVE_INFINITY,
  )
})

test('a listener alone lets nobody in without a password', () => {
  const { configuration } = imported('listener 1884\n')
  expect(configuration?.listeners).toMatchObject([{ name: 'tcp-1884', host: undefined }])
  expect(configuration?.access.allowAnonymous).toBe(false)
})

test('port and bind_address are the default listener', () => {
  const { configuration } = imported('bind_address 127.0.0.1\nport 1885\nallow_anonymous true\n')
  expect(configuration?.listeners).toMatchObject([{ host: '127.0.0.1', port: 1885 }])
  expect(configuration?.access.allowAnonymous).toBe(true)
})

test('options in front of the first listener open the default listener, as in mosquitto', () => {
  const both = imported('max_connections 5\nlistener 1890\nsocket_domain ipv6\n').configuration
  expect(both?.listeners).toMatchObject([
    { port: 1883, connectionsMax: 5 },
    { port: 1890, host: '::' },
  ])
  expect(imported('max_connections 5\n').configuration).toMatchObject({
    listeners: [{ host: undefined, port: 1883 }],
    access: { allowAnonymous: false },
  })
  expect(imported('allow_anonymous true\nlistener 1890\n').configuration?.listeners).toHaveLength(1)
})

test('security belongs to listeners where per_listener_settings says so', () => {
  const text =
    'per_listener_settings true\nlistener 1890\npassword_file p\nacl_file a\nlistener 1891\n'
  const { problems, yaml } = imported(`${text}allow_anonymous true\n`)
  expect(problems).toEqual([])
  expect(yaml).toMatch(
    /name: tcp-1890[\s\S]*auth:\n {6}password_file: p[^\n]*\n {6}allow_anonymous: false/,
  )
  expect(yaml).toMatch(/acl:\n {6}file: a/)
  expect(yaml).toMatch(/name: tcp-1891[\s\S]*auth:\n {6}allow_anonymous: true/)
})

test('what would be open without its protection is left out', () => {
  const { said, yaml } = imported('listener 8884\npsk_hint h\nlistener 0 /run/m.sock\n')
  expect(yaml).not.toContain('listeners:')
  expect(said).toContain(
    'mosquitto.conf:1 listener: left out: it was protected by a pre-shared key, and is not opened without',
  )
  expect(said.join('\n')).toContain('mosquitto.conf:3 listener: left out: this version does not')
})

test('where a plugin decided nothing is allowed until there are rules', () => {
  const { said, yaml } = imported('listener 1890\nplugin /usr/lib/x.so\nplugin_opt_a b\n')
  expect(yaml).toMatch(/acl:\n {2}no_match: deny/)
  expect(said).toHaveLength(2)
})

test.each([
  ['certfile c\nkeyfile k', /verify: verify_none/, 'tls'],
  ['certfile c\nkeyfile k\nprotocol websockets', /versions|certfile: c/, 'wss'],
  ['certfile c\nkeyfile k\nuse_subject_as_username true', /peer_cert_as_username: dn/, 'tls'],
  ['certfile c\nkeyfile k\ntls_version tlsv1.1', /versions: \[tlsv1.2, tlsv1.3\]/, 'tls'],
  ['certfile c\nkeyfile k\nciphers HIGH:!aNULL', /ciphers: "HIGH:!aNULL"/, 'tls'],
])('TLS: %j', (lines, wanted, type) => {
  const { yaml } = imported(`listener 8883\n${lines}\n`)
  expect(yaml).toMatch(wanted)
  expect(yaml).toContain(`type: ${type}\n`)
})

test.each([
  ['max_inflight_messages many', 'many is no number; left at its default'],
  ['queue_qos0_messages perhaps', 'perhaps is no flag; left at its default'],
  ['persistent_client_expiration 3x', 'is no time such as 14d; sessions are kept for ever'],
  ['sys_interval 7200', '7200 is not possible; it is 3600 now'],
  ['password_file', 'has no value, so it says nothing'],
])('a value that is none is named: %s', (line, wanted) => {
  const { problems, said } = imported(`${line}\n`)
  expect(problems).toEqual([])
  if (wanted !== 'nothing')
    expect(said[0]).toBe(`mosquitto.conf:1 ${line.split(' ')[0]}: ${wanted}`)
})

test('a path that looks like a variable of the environment is a path', () => {
  const { configuration, yaml } = imported('persistence_location /srv/${HOMELESS} a\n')
  expect(yaml).toContain('data_dir: "/srv/$${HOMELESS} a"')
  expect(configuration?.node.dataDir).toBe('/srv/${HOMELESS} a')
})

test('the secrets of a file are not told', () => {
  const { said, yaml } = imported('connection c\nremote_password s3cret\nauth_opt_pw s3cret\n')
  expect(`${said.join()}${yaml}`).not.toContain('s3cret')
})

test('include_dir reads the .conf files of a folder in order, and circles end', () => {
  const home = folder()
  mkdirSync(join(home, 'conf.d'))
  writeFileSync(join(home, 'conf.d/b.conf'), '  max_keepalive 60\n')
  writeFileSync(join(home, 'conf.d/a.conf'), '# a\nmax_keepalive 30\n')
  writeFileSync(join(home, 'conf.d/c.txt'), 'max_keepalive 90\n')
  writeFileSync(join(home, 'm.conf'), `include_dir ${home}/conf.d\n`)
  const values = readConf(join(home, 'm.conf')).map(({ line, value }) => [line, value])
  expect(values).toEqual([
    [2, '30'],
    [1, '60'],
  ])
  writeFileSync(join(home, 'conf.d/d.conf'), `include_dir ${home}/conf.d\n`)
  expect(() => readConf(join(home, 'm.conf'))).toThrow(/in circles/)
  expect(() => readConf(join(home, 'none.conf'))).toThrow(UnreadableConf)
})
