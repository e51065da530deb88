import { describe, expect, test } from 'vitest'
import type { ProtocolVersion, ServerPacket } from '../../src/mqtt/packets.ts'
import { ReasonCode } from '../../src/mqtt/reason-code.ts'
import { newEncoder, only } from './support.ts'

describe('control packets', () => {
  const sent = (version: ProtocolVersion, given: ServerPacket, connection: object = {}) => {
    const { encoder, bytes } = newEncoder({ protocolVersion: version, ...connection })
    return encoder.packet(given) ? only(bytes(), version) : undefined
  }

  test('CONNACK has the properties that it is given', () => {
    const properties = {
      sessionExpiryInterval: 1,
      receiveMaximum: 2,
      maximumQoS: 1,
      retainAvailable: false,
      maximumPacketSize: 3,
      assignedClientIdentifier: 'x',
      topicAliasMaximum: 4,
      wildcardSubscriptionAvailable: false,
      subscriptionIdentifiersAvailable: true,
      sharedSubscriptionAvailable: false,
      serverKeepAlive: 5,
      responseInformation: 'r',
      authenticationMethod: 'm',
      authenticationData: Buffer.from('d'),
      reasonString: 's',
    } as const
    expect(
      sent(5, { type: 'connack', sessionPresent: true, reasonCode: 0, ...properties }),
    ).toMatchObject({
      sessionPresent: true,
      reasonCode: 0,
      properties,
    })
  })

  test.each([
    [0x84, 1],
    [0x85, 2],
    [0x88, 3],
    [0x89, 3],
    [0x97, 3],
    [0x9f, 3],
    [0x86, 4],
    [0x87, 5],
    [0x8a, 5],
  ] as const)('CONNACK %i is return code %i in 3.x', (reasonCode, returnCode) => {
    expect(sent(4, { type: 'connack', sessionPresent: false, reasonCode })).toMatchObject({
      returnCode,
    })
  })

  test('[MQTT3-3.2.2-6] a CONNACK that 3.x has no code for is not sent', () => {
    expect(
      sent(4, { type: 'connack', sessionPresent: false, reasonCode: ReasonCode.MalformedPacket }),
    ).toBeUndefined()
  })

  test('[MQTT-3.2.2-6] Session Present exists from 3.1.1 on, and only with success', () => {
    const present = { type: 'connack', sessionPresent: true, reasonCode: 0 } as const
    expect(sent(4, present)).toMatchObject({ sessionPresent: true })
    expect(sent(3, present)).toMatchObject({ sessionPresent: false })
    expect(sent(4, { ...present, reasonCode: 0x87 })).toMatchObject({ sessionPresent: false })
  })

  test('[MQTT-3.8.4-6] [MQTT-3.9.3-1] SUBACK has a code a filter, in order', () => {
    const suback = { type: 'suback', packetId: 7, reasonCodes: [0x01, 0x8f, 0x02] } as const
    expect(sent(5, suback)).toMatchObject({ messageId: 7, granted: [0x01, 0x8f, 0x02] })
  })

  test('[MQTT3-3.9.3-2] failure is 0x80 in 3.1.1, and what was asked in 3.1', () => {
    const suback = {
      type: 'suback',
      packetId: 7,
      reasonCodes: [0x01, 0x8f],
      askedQos: [1, 2],
    } as const
    expect(sent(4, suback)).toMatchObject({ granted: [1, 0x80] })
    expect(sent(3, suback)).toMatchObject({ granted: [1, 2] })
  })

  test('[MQTT-3.11.3-1] UNSUBACK has codes in order in 5, none in 3.x', () => {
    const unsuback = { type: 'unsuback', packetId: 7, reasonCodes: [0, 0x11] } as const
    expect(sent(5, unsuback)).toMatchObject({ messageId: 7, granted: [0, 0x11] })
    expect(sent(4, unsuback)).not.toHaveProperty('granted')
  })

  test('[MQTT-3.14.2-2] DISCONNECT has its code and no session expiry; 3.x has none', () => {
    const disconnect = { type: 'disconnect', reasonCode: 0x8e, reasonString: 'why' } as const
    expect(sent(5, disconnect)).toMatchObject({
      reasonCode: 0x8e,
      properties: { reasonString: 'why' },
    })
    expect(sent(4, disconnect)).toBeUndefined()
  })

  test('[MQTT-4.12.0-2] AUTH has method and data', () => {
    const auth = {
      type: 'auth',
      reasonCode: 0x18,
      authenticationMethod: 'm',
      authenticationData: Buffer.from('d'),
    } as const
    expect(sent(5, auth)).toMatchObject({
      reasonCode: 0x18,
      properties: { authenticationMethod: 'm', authenticationData: Buffer.from('d') },
    })
    expect(sent(4, auth)).toBeUndefined()
  })

  const told: [string, ServerPacket][] = [
    ['[MQTT-3.2.2-19] CONNACK', { type: 'connack', sessionPresent: false, reasonCode: 0x87 }],
    ['[MQTT-3.9.2-1] SUBACK', { type: 'suback', packetId: 1, reasonCodes: [0x87] }],
    ['[MQTT-3.11.2-1] UNSUBACK', { type: 'unsuback', packetId: 1, reasonCodes: [0x87] }],
    ['[MQTT-3.14.2-3] DISCONNECT', { type: 'disconnect', reasonCode: 0x87 }],
    ['[MQTT-3.15.2-2] AUTH', { type: 'auth', reasonCode: 0x18, authenticationMethod: 'm' }],
  ]
  test.each(told)('%s drops its reason string where the client has no room', (_, given) => {
    const explained = { ...given, reasonString: 'because of a long story' }
    expect(sent(5, explained, { maximumPacketSize: 15 })).not.toHaveProperty(
      'properties.reasonString',
    )
    expect(sent(5, explained, { maximumPacketSize: 60 })).toHaveProperty('properties.reasonString')
    expect(sent(5, explained, { maximumPacketSize: 3 })).toBeUndefined()
  })

  test('[MQTT-3.1.2-29] only CONNACK and DISCONNECT explain themselves to who did not ask', () => {
    const explains = told.filter(([, given]) => {
      const packet = sent(
        5,
        { ...given, reasonString: 'why' },
        { requestProblemInformation: false },
      )
      return (
        (packet as { properties?: { reasonString?: string } }).properties?.reasonString !==
        undefined
      )
    })
    expect(explains.map(([, { type }]) => type)).toEqual(['connack', 'disconnect'])
  })
})
