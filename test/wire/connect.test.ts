import { describe, expect, test } from 'vitest'
import type { ConnectPacket } from '../../src/mqtt/packets.ts'
import { readPublishProperties } from '../../src/wire/properties.ts'
import { firstRefusalOf, generate, hex, newDecoder, packet, text } from './support.ts'

function connectOf(bytes: Buffer): ConnectPacket {
  const { decoder, got } = newDecoder()
  decoder.push(bytes, 7)
  expect(got.refusal).toBeUndefined()
  return got.packets[0] as ConnectPacket
}

/** A CONNECT of version 4 with these flags and this payload. */
const connect4 = (flags: number, ...payload: (Buffer | string)[]) =>
  packet(0x10, 'MQTT', [4, flags, 0, 10], ...payload)
const connect5 = (flags: number, properties: Buffer, ...payload: (Buffer | string)[]) =>
  packet(0x10, 'MQTT', [5, flags, 0, 10], [properties.length], properties, ...payload)
const nothing = Buffer.alloc(0)

describe('the protocol of CONNECT', () => {
  test('[MQTT-3.1.2-1] [MQTT3-3.1.2-1] another name is not supported', () => {
    for (const name of ['MQTX', 'mqtt', '', 'MQTTMQTT']) {
      expect(firstRefusalOf(packet(0x10, name, [4, 2, 0, 0], 'c'))?.code).toBe(0x84)
    }
  })

  test.each([
    ['MQTT', 3],
    ['MQTT', 6],
    ['MQTT', 0x85],
    ['MQTT', 0],
    ['MQIsdp', 4],
  ])('[MQTT-3.1.2-2] [MQTT3-3.1.2-2] %s of level %i is not supported', (name, level) => {
    expect(firstRefusalOf(packet(0x10, name, [level, 2, 0, 0], 'c'))?.code).toBe(0x84)
  })

  test('is answered in the nearest version when it is not supported', () => {
    const { decoder } = newDecoder()
    decoder.push(packet(0x10, 'MQTT', [6, 2, 0, 0], 'c'), 0)
    expect(decoder.protocolVersion).toBe(5)
  })

  test.each([
    ['MQIsdp', 0x83, 3],
    ['MQTT', 0x84, 4],
  ])('may have the bridge bit: %s %i', (name, level, protocolVersion) => {
    expect(connectOf(packet(0x10, name, [level, 2, 0, 0], 'c'))).toMatchObject({
      protocolVersion,
      isBridge: true,
    })
  })
})

describe('the flags of CONNECT', () => {
  const wrong: [string, Buffer][] = [
    ['[MQTT-3.1.2-3] [MQTT3-3.1.2-3] the reserved flag', connect4(0x03, 'c')],
    ['[MQTT-3.1.2-11] a will QoS without a will', connect4(0x0a, 'c')],
    ['[MQTT-3.1.2-13] a will retain without a will', connect4(0x22, 'c')],
    ['[MQTT-3.1.2-12] a will QoS of 3', connect4(0x1e, 'c', 't', 'm')],
    ['[MQTT3-3.1.2-22] a password without a user name', connect4(0x42, 'c', 'p')],
    ['[MQTT-3.1.2-17] a user name flag without a user name', connect4(0x82, 'c')],
    ['[MQTT-3.1.2-16] a user name without its flag', connect4(0x02, 'c', 'u')],
    ['[MQTT-3.1.2-19] a password flag without a password', connect4(0xc2, 'c', 'u')],
    ['[MQTT-3.1.2-18] a password without its flag', connect4(0x82, 'c', 'u', 'p')],
    ['[MQTT-3.1.2-9] a will flag without a will', connect4(0x06, 'c')],
    ['[MQTT-3.1.3-3] no client identifier', connect4(0x02)],
    ['[MQTT-3.1.4-1] nothing behind the level', packet(0x10, 'MQTT', [4])],
    ['[MQTT-3.1.4-1] no level', packet(0x10, 'MQTT')],
  ]
  test.each(wrong)('%s is malformed', (_, bytes) => {
    expect(firstRefusalOf(bytes)?.code).toBe(0x81)
  })

  test('version 5 allows a password without a user name', () => {
    expect(connectOf(connect5(0x42, nothing, 'c', 'secret'))).toMatchObject({
      username: undefined,
      password: Buffer.from('secret'),
    })
  })

  test('[MQTT-3.1.3-1] the fields of the payload are read in their order', () => {
    const packet = connectOf(connect4(0xee, 'id', 'will/topic', 'gone', 'user', 'pass'))
    expect(packet).toMatchObject({
      clientId: 'id',
      username: 'user',
      password: Buffer.from('pass'),
      keepAlive: 10,
    })
    expect(packet.will?.message).toMatchObject({
      topic: 'will/topic',
      qos: 1,
      retain: true,
      from: 'id',
      receivedAt: 7,
    })
    expect(packet.will?.message.payload.toString()).toBe('gone')
  })

  test('a will to a name that is none is refused', () => {
    expect(firstRefusalOf(connect4(0x06, 'c', 'a/#', 'm'))?.code).toBe(0x90)
    expect(firstRefusalOf(connect4(0x06, 'c', '', 'm'))?.code).toBe(0x90)
  })
})

describe('CONNECT of 3.x in the words of 5', () => {
  test('[MQTT3-3.1.2-6] clean session 1 starts clean and ends with the connection', () => {
    expect(connectOf(connect4(0x02, 'c'))).toMatchObject({
      cleanStart: true,
      sessionExpiryInterval: 0,
    })
  })
  test('[MQTT3-3.1.2-4] clean session 0 resumes and leaves the expiry to the zone', () => {
    expect(connectOf(connect4(0x00, 'c'))).toMatchObject({
      cleanStart: false,
      sessionExpiryInterval: undefined,
    })
  })
  test('has the defaults of 5 for what it cannot say', () => {
    expect(connectOf(connect4(0x02, 'c'))).toMatchObject({
      receiveMaximum: 65535,
      maximumPacketSize: undefined,
      topicAliasMaximum: 0,
      requestProblemInformation: true,
      requestResponseInformation: false,
      userProperties: [],
      authenticationMethod: undefined,
    })
  })
})

describe('the properties of CONNECT', () => {
  test('are read', () => {
    const properties = {
      sessionExpiryInterval: 0xffffffff,
      receiveMaximum: 5,
      maximumPacketSize: 100,
      topicAliasMaximum: 6,
      requestResponseInformation: true,
      requestProblemInformation: false,
      authenticationMethod: 'SCRAM',
      authenticationData: Buffer.from('x'),
    }
    const users = { userProperties: { a: ['1', '2'] } }
    const bytes = generate(
      {
        cmd: 'connect',
        protocolVersion: 5,
        clientId: '',
        clean: true,
        properties: { ...properties, ...users },
      },
      5,
    )
    const connect = connectOf(bytes)
    expect(connect).toMatchObject(properties)
    expect(connect.userProperties).toEqual([
      ['a', '1'],
      ['a', '2'],
    ])
  })

  test('without a Session Expiry Interval the session ends with the connection', () => {
    expect(connectOf(connect5(0, nothing, 'c')).sessionExpiryInterval).toBe(0)
  })

  const wrong: [string, number, string][] = [
    ['a property twice', 0x82, '11 00000000 11 00000000'],
    ['receive maximum 0', 0x82, '21 0000'],
    ['maximum packet size 0', 0x82, '27 00000000'],
    ['request problem information 2', 0x82, '17 02'],
    ['request response information 2', 0x82, '19 02'],
    ['authentication data without a method', 0x82, '16 0000'],
    ['a property of PUBLISH', 0x81, '01 00'],
    ['a property that is cut short', 0x81, '21 00'],
  ]
  test.each(wrong)('%s is refused', (_, code, digits) => {
    expect(firstRefusalOf(connect5(2, hex(digits), 'c'))?.code).toBe(code)
  })
})

describe('the properties of a will', () => {
  const withWill = (properties: Buffer) =>
    connect5(
      0x06,
      nothing,
      'c',
      Buffer.concat([Buffer.from([properties.length]), properties, text('t'), text('m')]),
    )

  test('[MQTT-3.1.3-10] go with its message, in order, but for delay and expiry', () => {
    const user = Buffer.concat([hex('26'), text('n'), text('v')])
    const properties = Buffer.concat([
      hex('18 00000005'),
      user,
      hex('02 00000009'),
      hex('03 0001 63'),
    ])
    const will = connectOf(withWill(properties)).will
    expect(will).toMatchObject({ delay: 5, expiryInterval: 9 })
    expect(will?.message.expiresAt).toBe(Number.POSITIVE_INFINITY)
    expect(readPublishProperties(will!.message.frame)).toEqual({
      contentType: 'c',
      userProperties: [['n', 'v']],
    })
  })

  test('are none in a will without any', () => {
    expect(connectOf(withWill(nothing)).will).toMatchObject({ delay: 0, expiryInterval: undefined })
  })

  test.each([
    ['a property twice', 0x82, '18 00000001 18 00000001'],
    ['a topic alias', 0x81, '23 0001'],
    ['a payload format of 2', 0x82, '01 02'],
    ['[MQTT-3.3.2-14] a wildcard in the response topic', 0x82, '08 0001 23'],
  ])('%s is refused', (_, code, digits) => {
    expect(firstRefusalOf(withWill(hex(digits)))?.code).toBe(code)
  })
})
