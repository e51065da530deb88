import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { AccessControl } from '../../src/auth/access-control.ts'
import type { AclRule } from '../../src/auth/acl/rule.ts'
import { HashPool } from '../../src/auth/hashing/hash-pool.ts'
import { openAccess } from '../../src/auth/options.ts'
import type { Identity } from '../../src/channel/ports.ts'
import { reviewAccess } from '../../src/channel/review.ts'
import type { ConnectPacket } from '../../src/mqtt/packets.ts'
import { allow, deny } from '../auth/acl-kit.ts'
import { vectors } from '../auth/password-vectors.ts'
import type { ConnectOptions, RawClient, Version } from '../support/raw-client.ts'
import { TestBroker } from '../support/test-broker.ts'

const versions = [3, 4, 5] as const
const sesame = Buffer.from('open sesame')
const alice = { clientId: 'c1', username: 'alice', password: sesame }

/** One for all tests: its thread takes longer to start than they do. */
const pool = new HashPool(1, 2)
afterAll(() => pool.close())

interface Wish {
  readonly allowAnonymous?: boolean
  readonly users?: string
  readonly rules?: readonly AclRule[]
  readonly aclFile?: string
}

/** A broker with a password file and rules, and what it takes to change and reload them. */
class Guarded {
  readonly folder = mkdtempSync(join(tmpdir(), 'mqtt-broker-access-'))
  readonly access: AccessControl
  readonly broker: TestBroker

  constructor({ aclFile, allowAnonymous = false, rules = [], users }: Wish) {
    if (users !== undefined) this.write('passwd', users)
    if (aclFile !== undefined) this.write('acl', aclFile)
    const file = (name: string, text: string | undefined) =>
      text === undefined ? undefined : join(this.folder, name)
    const isOpen = rules.length === 0 && aclFile === undefined
    const options = {
      ...openAccess(allowAnonymous),
      passwordFile: file('passwd', users),
      acl: { isAllowedElse: isOpen, file: file('acl', aclFile), rules },
    }
    this.access = new AccessControl(options, pool)
    this.broker = new TestBroker({ authenticator: this.access })
    onTestFinished(() => rmSync(this.folder, { recursive: true }))
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text)
  }

  /** The code of the CONNACK. */
  async login(options: ConnectOptions): Promise<number | undefined> {
    const connack = await this.broker.open(options.version ?? 5).handshake(options)
    return connack.reasonCode ?? connack.returnCode
  }

  /** What the daemon does at a reload. */
  async reload(): Promise<void> {
    this.access.reload()
    for (const { channel } of this.broker.reception.connections) reviewAccess(channel)
    await this.broker.settle()
  }

  get refused() {
    return this.broker.logged.filter(({ message }) => message === 'connection refused')
  }
}

const users = `alice:${vectors.pbkdf2}\nbob:${vectors.bcrypt}\n`

async function publish(
  client: RawClient,
  topic: string,
  qos: 1 | 2 = 1,
): Promise<number | undefined> {
  client.send({ cmd: 'publish', topic, payload: 'x', qos, messageId: 9 })
  const ack = await client.expect(qos === 1 ? 'puback' : 'pubrec')
  return ack.reasonCode
}

async function subscribe(client: RawClient, ...filters: string[]): Promise<unknown> {
  const subscriptions = filters.map((topic) => ({ topic, qos: 1 }))
  client.send({ cmd: 'subscribe', messageId: 8, subscriptions })
  return (await client.expect('suback')).granted
}

describe.each(versions)('passwords, version %i', (version: Version) => {
  const bad = version === 5 ? 0x86 : 4
  const notAuthorized = version === 5 ? 0x87 : 5

  test('the right one is let in, whoever wrote its hash', async () => {
    const guarded = new Guarded({ users })
    expect(await guarded.login({ ...alice, version })).toBe(0)
    expect(await guarded.login({ ...alice, version, clientId: 'c2', username: 'bob' })).toBe(0)
  })

  test.each([
    ['a wrong password', { password: Buffer.from('open') }],
    ['a user that is not there', { username: 'eve' }],
    ['an empty user name', { username: '' }],
    ['an empty password', { password: Buffer.alloc(0) }],
    ['a password that is too long', { password: Buffer.alloc(1025) }],
  ])(`%s is ${bad}, and the end`, async (_what, wrong) => {
    const guarded = new Guarded({ users })
    const client = guarded.broker.open(version)
    const connack = await client.handshake({ ...alice, ...wrong })
    expect(connack.reasonCode ?? connack.returnCode).toBe(bad)
    await client.expectClosedSilently()
    expect(guarded.broker.broker.sessions.count).toBe(0)
  })

  test(`no user name is ${notAuthorized} unless anonymous clients are allowed`, async () => {
    expect(await new Guarded({ users }).login({ version, clientId: 'c' })).toBe(notAuthorized)
    const open = new Guarded({ users, allowAnonymous: true })
    expect(await open.login({ version, clientId: 'c' })).toBe(0)
    expect(await open.login({ version, clientId: 'c', username: 'eve', password: sesame })).toBe(
      bad,
    )
  })

  test('what is beyond the queue of hashes is 0x88 or 3', async () => {
    const guarded = new Guarded({ users })
    const logins = [1, 2, 3, 4].map((n) => guarded.login({ ...alice, version, clientId: `c${n}` }))
    expect((await Promise.all(logins)).sort()).toEqual([0, 0, 0, version === 5 ? 0x88 : 3])
  })
})

describe('who is refused', () => {
  test('is told the same whether the user exists or not, and only the log tells', async () => {
    const guarded = new Guarded({ users })
    const wrong = Buffer.from('secret')
    const reasons = []
    for (const username of ['alice', 'eve']) {
      const client = guarded.broker.open()
      const { properties } = await client.handshake({ ...alice, username, password: wrong })
      reasons.push(properties?.reasonString)
    }
    expect(reasons[0]).toBe(reasons[1])
    expect(guarded.refused.map(({ fields }) => fields.because)).toEqual([
      'the password is wrong',
      'the user is unknown',
    ])
  })

  test('is in one log line: client id, user name and address, never the password', async () => {
    const guarded = new Guarded({ users })
    await guarded.login({ ...alice, password: Buffer.from('secret') })
    expect(guarded.refused).toHaveLength(1)
    expect(guarded.refused[0]?.fields).toMatchObject({
      clientId: 'c1',
      username: 'alice',
      address: '10.0.0.1:1',
      listener: 'tcp',
      code: 0x86,
    })
    expect(JSON.stringify(guarded.broker.logged)).not.toContain('secret')
  })

  test('leaves no will', async () => {
    const guarded = new Guarded({ users, allowAnonymous: true })
    const watcher = await guarded.broker.connect({ clientId: 'watcher' })
    await subscribe(watcher, '#')
    const will = { topic: 'will', payload: Buffer.from('gone'), qos: 0, retain: false } as const
    expect(await guarded.login({ ...alice, password: Buffer.from('no'), will })).toBe(0x86)
    await watcher.expectSilence()
  })
})

describe.each(versions)('rules, version %i', (version: Version) => {
  const rules = [
    deny('all', 'open/secret'),
    allow('all', 'open/#'),
    allow('all', 'own/${clientid}/#'),
  ]
  const connect = (guarded: Guarded, clientId = 'c1') =>
    guarded.broker.connect({ version, clientId })

  test('a publish that is not allowed goes to nobody: 0x87, or acknowledged and dropped', async () => {
    const guarded = new Guarded({ allowAnonymous: true, rules })
    const client = await connect(guarded)
    await subscribe(client, 'own/c1/#')
    for (const qos of [1, 2] as const) {
      const code = version === 5 ? 0x87 : undefined
      expect((await publish(client, 'open/secret', qos)) ?? undefined).toBe(code)
      expect((await publish(client, 'own/c2/x', qos)) ?? undefined).toBe(code)
    }
    client.send({ cmd: 'publish', topic: 'other', payload: 'x', qos: 0 })
    await client.expectSilence()
    expect(guarded.broker.broker.metrics.messagesNotAuthorized).toBe(5)
  })

  test('a publish that is allowed arrives', async () => {
    const client = await connect(new Guarded({ allowAnonymous: true, rules }))
    await subscribe(client, 'own/c1/#')
    client.send({ cmd: 'publish', topic: 'own/c1/x', payload: 'x', qos: 0 })
    expect((await client.expect('publish')).topic).toBe('own/c1/x')
  })

  test('each filter of a SUBSCRIBE has its own answer', async () => {
    const client = await connect(new Guarded({ allowAnonymous: true, rules }))
    const no = { 3: 1, 4: 0x80, 5: 0x87 }[version]
    expect(await subscribe(client, 'open/x', '#', 'open/#', 'own/c1/#', 'own/+/#')).toEqual([
      1,
      no,
      no,
      1,
      no,
    ])
  })

  test('a will that is not allowed is refused at CONNECT', async () => {
    const guarded = new Guarded({ allowAnonymous: true, rules })
    const watcher = await guarded.broker.connect({ clientId: 'w' })
    await subscribe(watcher, 'open/x')
    const will = { topic: 'open/secret', payload: Buffer.from('x'), qos: 0, retain: false } as const
    const code = await guarded.login({ version, clientId: 'c1', will })
    expect(code).toBe(version === 5 ? 0x87 : 5)
    expect(
      await guarded.login({ version, clientId: 'c1', will: { ...will, topic: 'open/x' } }),
    ).toBe(0)
    await guarded.broker.settle()
  })
})

describe('a reload', () => {
  test('holds for clients that are connected', async () => {
    const guarded = new Guarded({ allowAnonymous: true, aclFile: 'topic a\n' })
    const client = await guarded.broker.connect()
    expect([await publish(client, 'a'), await publish(client, 'b')]).toEqual([0x10, 0x87])
    guarded.write('acl', 'topic b\n')
    await guarded.reload()
    expect([await publish(client, 'a'), await publish(client, 'b')]).toEqual([0x87, 0x10])
  })

  test('ends subscriptions that are not allowed any more', async () => {
    const guarded = new Guarded({ allowAnonymous: true, aclFile: 'topic #\n' })
    const client = await guarded.broker.connect()
    await subscribe(client, 'a', 'b')
    guarded.write('acl', 'topic read b\ntopic write #\n')
    await guarded.reload()
    client.send({ cmd: 'publish', topic: 'a', payload: 'x', qos: 0 })
    client.send({ cmd: 'publish', topic: 'b', payload: 'x', qos: 0 })
    expect((await client.expect('publish')).topic).toBe('b')
    await client.expectSilence()
  })

  test('of a file that is wrong changes nothing, and says why', async () => {
    const guarded = new Guarded({ users, aclFile: 'user alice\ntopic a\n' })
    const client = await guarded.broker.connect(alice)
    guarded.write('passwd', 'alice:plain\n')
    guarded.write('acl', 'topic reed a\n')
    expect(() => guarded.access.reload()).toThrow(/passwd:1: [^\n]*\n.*acl:1: /)
    expect(await publish(client, 'a')).toBe(0x10)
    expect(await guarded.login({ ...alice, clientId: 'c2' })).toBe(0)
  })

  test.each([
    ['the user is gone', `bob:${vectors.bcrypt}\n`],
    ['the password of the user has changed', `alice:${vectors.sha512}\nbob:${vectors.bcrypt}\n`],
  ])('disconnects a client, without its will, when %s', async (because, changed) => {
    const guarded = new Guarded({ users })
    const bob = await guarded.broker.connect({ clientId: 'b', username: 'bob', password: sesame })
    await subscribe(bob, 'will')
    const will = { topic: 'will', payload: Buffer.from('gone'), qos: 0, retain: false } as const
    const client = await guarded.broker.connect({ ...alice, will })
    guarded.write('passwd', changed)
    await guarded.reload()
    const { properties, reasonCode } = await client.expect('disconnect')
    expect([reasonCode, properties?.reasonString]).toEqual([0x87, because])
    await client.expectClosedSilently()
    await bob.expectSilence()
  })

  test('leaves the others in peace', async () => {
    const guarded = new Guarded({ users, allowAnonymous: true })
    const clients = [await guarded.broker.connect(alice), await guarded.broker.connect()]
    guarded.write('passwd', `${users}carol:${vectors.sha512}\n`)
    await guarded.reload()
    for (const client of clients) await client.expectSilence()
    expect(await guarded.login({ clientId: 'c', username: 'carol', password: sesame })).toBe(0)
  })

  test('while a session is away holds when it comes back', async () => {
    const guarded = new Guarded({ allowAnonymous: true, aclFile: 'topic #\n' })
    const away = { clientId: 'c', clean: false, properties: { sessionExpiryInterval: 100 } }
    const client = await guarded.broker.connect(away)
    await subscribe(client, 'a', 'b')
    client.send({ cmd: 'disconnect' })
    await client.expectClosedSilently()
    guarded.write('acl', 'topic read b\ntopic write #\n')
    await guarded.reload()
    const back = await guarded.broker.connect(away)
    expect(back.connack?.sessionPresent).toBe(true)
    back.send({ cmd: 'publish', topic: 'a', payload: 'x', qos: 0 })
    back.send({ cmd: 'publish', topic: 'b', payload: 'x', qos: 0 })
    expect((await back.expect('publish')).topic).toBe('b')
    await back.expectSilence()
  })
})

test('each listener may have its own', async () => {
  const own = { ...openAccess(true), acl: { isAllowedElse: false, file: undefined, rules: [] } }
  const access = new AccessControl({ ...openAccess(false), listeners: new Map([['tcp', own]]) })
  const broker = new TestBroker({ authenticator: access })
  expect(await publish(await broker.connect(), 'a')).toBe(0x87)
  const other = new TestBroker({ authenticator: access, listener: { name: 'other' } })
  expect((await other.open().handshake({ clientId: 'c' })).reasonCode).toBe(0x87)
})

test('who a certificate names needs no password, and stays at a reload', () => {
  const access = new AccessControl(openAccess(false))
  const peer = { address: '10.0.0.1:1', listener: 'tls', certificateUsername: 'alice' }
  const connect = { clientId: 'c', username: 'alice' } as ConnectPacket
  const identity = access.authenticate(connect, peer) as Identity
  access.reload()
  expect([identity.username, identity.review?.()]).toEqual(['alice', undefined])
})
