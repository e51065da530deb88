import { describe, expect, test } from 'vitest'
import { ListenError } from '../../src/listeners/listen-error.ts'
import { defaultListenerOptions } from '../../src/listeners/options.ts'
import { TestBroker } from '../support/test-broker.ts'

function warnings(broker: TestBroker): string[] {
  return broker.logged.filter(({ level }) => level === 'warn').map(({ message }) => message)
}

describe('connections beyond max_connections of the listener', () => {
  test('are told 0x89 when they CONNECT, with one warning in ten seconds', async () => {
    const broker = new TestBroker({ listener: { connectionsMax: 1 } })
    await broker.connect()
    for (let i = 0; i < 3; i++) {
      const client = broker.open()
      expect((await client.handshake()).reasonCode).toBe(0x89)
      await client.expectClosedSilently()
    }
    const warning = 'connections are refused: max_connections of the listener is reached'
    expect(warnings(broker)).toEqual([warning])
    await broker.time.pass(10_000)
    await broker.open().handshake()
    expect(warnings(broker)).toEqual([warning, warning])
  })

  test('are cut off when too many of them are being told so', async () => {
    const broker = new TestBroker({ listener: { connectionsMax: 1 } })
    await broker.connect()
    const told = Array.from({ length: 64 }, () => broker.open())
    const cut = broker.open()
    await cut.expectClosedSilently()
    expect(broker.reception.connections.size).toBe(65)
    for (const client of told) expect((await client.handshake()).reasonCode).toBe(0x89)
    await broker.settle()
    expect(broker.reception.connections.size).toBe(1)
  })

  test('take the place of one that has gone', async () => {
    const broker = new TestBroker({ listener: { connectionsMax: 1 } })
    const first = await broker.connect()
    expect((await broker.open().handshake()).reasonCode).toBe(0x89)
    await first.drop()
    await broker.connect()
  })
})

test('a connection that cannot be accepted is a warning, and others go on', async () => {
  const broker = new TestBroker()
  const client = await broker.connect()
  broker.reception.acceptFailed(Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }))
  expect(warnings(broker)).toEqual([
    'connections are refused: a limit of the system (EMFILE) is reached',
  ])
  await client.expectSilence()
})

describe('a connection that closes', () => {
  test('may take five seconds to read what was written, and is then cut off', async () => {
    const broker = new TestBroker()
    const client = await broker.connect()
    await client.subscribe('t')
    client.stream.pause()
    client.send({ cmd: 'publish', topic: 't', payload: Buffer.alloc(500_000) })
    client.send({ cmd: 'publish', topic: 't', payload: Buffer.alloc(500_000) })
    client.send({ cmd: 'disconnect' })
    await broker.time.pass(4999)
    expect(broker.reception.connections.size).toBe(1)
    await broker.time.pass(1)
    expect(broker.reception.connections.size).toBe(0)
  })

  test('writes what it has to say before it closes', async () => {
    const broker = new TestBroker()
    const client = await broker.connect()
    const [connection] = broker.reception.connections
    client.send({ cmd: 'pingreq' })
    await client.expect('pingresp')
    connection?.channel.disconnect(0x98, 'for a test')
    expect((await client.expect('disconnect')).reasonCode).toBe(0x98)
    await client.expectClosedSilently()
    expect(broker.reception.connections.size).toBe(0)
  })

  test('while it decodes stops there: what was pipelined behind is not looked at', async () => {
    const broker = new TestBroker()
    const client = await broker.connect({ properties: { sessionExpiryInterval: 0 } })
    client.send(
      { cmd: 'publish', topic: 'a', payload: '' },
      { cmd: 'disconnect' },
      { cmd: 'publish', topic: 'b', payload: '' },
    )
    await client.closed()
    expect(broker.broker.metrics.publishReceived[0]).toBe(1)
  })

  test('has its promise for everybody who asks, also afterwards', async () => {
    const broker = new TestBroker()
    const client = await broker.connect()
    const [connection] = broker.reception.connections
    const asked = [connection?.closed(), connection?.closed()]
    await client.drop()
    await Promise.all([...asked, connection?.closed()])
  })
})

test.each([
  [
    'EADDRINUSE',
    undefined,
    '*:1883',
    'the address is already in use; stop the other program or choose another port',
  ],
  [
    'EACCES',
    '::1',
    '[::1]:1883',
    'this port needs more rights; ports below 1024 want root or CAP_NET_BIND_SERVICE',
  ],
  ['EADDRNOTAVAIL', '10.9.9.9', '10.9.9.9:1883', 'this machine has no such address'],
  ['ENOTFOUND', 'nowhere', 'nowhere:1883', 'the host name is not known'],
  ['EOTHER', '127.0.0.1', '127.0.0.1:1883', 'what the system says'],
])('listening fails with one line: %s', (code, host, bind, why) => {
  const cause = Object.assign(new Error('what the system says'), { code })
  const error = new ListenError({ ...defaultListenerOptions, host }, cause)
  expect(error.message).toBe(`listener tcp (tcp ${bind}): ${why}`)
  expect(error.cause).toBe(cause)
})
