import { expect, test } from 'vitest'
import type { StateName } from '../../src/channel/state.ts'
import type { RawClient, Sendable } from '../support/raw-client.ts'
import { TestAuthenticator, testMethod } from '../support/test-authenticator.ts'
import { TestBroker } from '../support/test-broker.ts'

const auth = (reasonCode: number, data: string): Sendable => ({
  cmd: 'auth',
  reasonCode,
  properties: { authenticationMethod: testMethod, authenticationData: Buffer.from(data) },
})
const connect = {
  cmd: 'connect',
  protocolId: 'MQTT',
  protocolVersion: 5,
  clean: true,
  clientId: 'c',
  keepalive: 0,
  properties: { authenticationMethod: testMethod, authenticationData: Buffer.from('hello') },
} as const

/** One of each kind; AUTH is one that the state may take. */
const packets: Record<string, (state: StateName) => Sendable> = {
  connect: () => connect,
  publish: () => ({ cmd: 'publish', topic: 't', payload: '', qos: 1, messageId: 1 }),
  ack: () => ({ cmd: 'puback', messageId: 9 }),
  subscribe: () => ({ cmd: 'subscribe', messageId: 2, subscriptions: [{ topic: 't', qos: 0 }] }),
  unsubscribe: () => ({ cmd: 'unsubscribe', messageId: 3, unsubscriptions: ['t'] }),
  pingreq: () => ({ cmd: 'pingreq' }),
  disconnect: () => ({ cmd: 'disconnect' }),
  auth: (state) => (state === 'connected' ? auth(0x19, 'hello') : auth(0x18, 'me')),
}
const traffic = ['publish', 'ack', 'subscribe', 'unsubscribe', 'pingreq', 'disconnect', 'auth']
const table: [StateName, string[]][] = [
  ['waiting', ['connect']],
  ['authenticating', ['disconnect', 'auth']],
  ['connected', traffic],
  ['reauthenticating', traffic],
]

class Kit {
  readonly authenticator = new TestAuthenticator()
  readonly broker = new TestBroker({ authenticator: this.authenticator })
  readonly client: RawClient = this.broker.open()
  readonly channel = [...this.broker.reception.connections][0]?.channel

  /** Brings the connection into a state, by the packets that lead there. */
  async reach(state: StateName): Promise<void> {
    const way: Sendable[] = [connect, auth(0x18, 'me'), auth(0x18, 'secret'), auth(0x19, 'hello')]
    const steps = { waiting: 0, opening: 1, authenticating: 1, connected: 3, reauthenticating: 4 }
    if (state === 'opening') this.authenticator.isSlow = true
    for (const packet of state === 'closed' ? [] : way.slice(0, steps[state])) {
      this.client.send(packet)
      await this.broker.settle()
    }
    expect(this.channel?.state.name).toBe(state)
  }
}

for (const [state, accepted] of table) {
  test.each(Object.keys(packets))(`${state}: %s`, async (kind) => {
    const kit = new Kit()
    await kit.reach(state)
    const packet = packets[kind]?.(state)
    if (packet !== undefined) kit.client.send(packet)
    await kit.broker.settle()
    const isAccepted = accepted.includes(kind)
    expect(kit.broker.broker.metrics.protocolErrors).toBe(isAccepted ? 0 : 1)
    const isClosed = !isAccepted || kind === 'disconnect'
    expect(kit.channel?.state.name === 'closed').toBe(isClosed)
  })
}

test('opening: whatever comes waits undecoded, until CONNACK has left', async () => {
  const kit = new Kit()
  await kit.reach('opening')
  kit.client.send(auth(0x18, 'me'), auth(0x18, 'secret'), { cmd: 'pingreq' })
  await kit.broker.settle()
  expect(kit.channel?.accepting).toBe(false)
  expect(kit.client.received).toEqual([])
  kit.authenticator.isSlow = false
  kit.authenticator.release()
  await kit.broker.settle()
  expect(kit.client.received.map(({ packet }) => packet?.cmd)).toEqual([
    'auth',
    'auth',
    'connack',
    'pingresp',
  ])
})

test('closed: nothing is taken, nothing is sent, no deadline is left but that of the closing', async () => {
  const kit = new Kit()
  await kit.reach('connected')
  kit.client.send(connect, { cmd: 'pingreq' }, { cmd: 'publish', topic: 't', payload: '' })
  await kit.broker.settle()
  expect((await kit.client.expect('auth')).reasonCode).toBe(0x18)
  await kit.client.expectMany('auth', 1)
  await kit.client.expect('connack')
  expect((await kit.client.expect('disconnect')).reasonCode).toBe(0x82)
  await kit.client.expectClosedSilently()
  expect(kit.broker.broker.metrics.publishReceived).toEqual([0, 0, 0])
})
