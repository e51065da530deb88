import { generate } from 'mqtt-packet'
import { expect, test } from 'vitest'
import type { ClientVersion } from '../../src/client/fields.ts'
import { PacketScanner } from '../../src/client/scanner.ts'
import { Recorder } from './recorder.ts'

type Generated = Parameters<typeof generate>[0]

function bytesOf(version: ClientVersion, packet: object): Buffer {
  return generate(packet as Generated, { protocolVersion: version })
}

function publishOf(version: ClientVersion, options: object): Buffer {
  const packet = {
    cmd: 'publish',
    topic: 'a/b',
    payload: 'hello',
    qos: 0,
    retain: false,
    dup: false,
  }
  return bytesOf(version, { ...packet, ...options })
}

function scan(version: ClientVersion, ...chunks: Buffer[]): unknown[][] {
  const recorder = new Recorder()
  const scanner = new PacketScanner(recorder, version)
  for (const chunk of chunks) scanner.push(chunk, chunk.length)
  return recorder.events
}

/** The bytes in chunks of one size, which are overwritten once they were pushed. */
function scanInPieces(version: ClientVersion, bytes: Buffer, size: number): unknown[][] {
  const recorder = new Recorder()
  const scanner = new PacketScanner(recorder, version)
  const chunk = Buffer.alloc(size)
  for (let at = 0; at < bytes.length; at += size) {
    const length = bytes.copy(chunk, 0, at, at + size)
    scanner.push(chunk, length)
    chunk.fill(0xff)
  }
  return recorder.events
}

const five = [
  bytesOf(5, {
    cmd: 'connack',
    sessionPresent: true,
    reasonCode: 0,
    properties: { receiveMaximum: 20, reasonString: 'hi', userProperties: { a: 'b' } },
  }),
  bytesOf(5, { cmd: 'suback', messageId: 65000, granted: [0, 1, 0x80] }),
  publishOf(5, {}),
  publishOf(5, {
    qos: 2,
    messageId: 7,
    retain: true,
    dup: true,
    properties: { contentType: 'text', userProperties: { unit: 'x'.repeat(200) } },
  }),
  publishOf(5, { payload: 'x'.repeat(300) }),
  bytesOf(5, { cmd: 'puback', messageId: 1, reasonCode: 0 }),
  bytesOf(5, { cmd: 'pubrec', messageId: 2, reasonCode: 0x97, properties: { reasonString: 'no' } }),
  bytesOf(5, { cmd: 'pubrel', messageId: 3, reasonCode: 0x92 }),
  bytesOf(5, { cmd: 'pubcomp', messageId: 0x1234, reasonCode: 0 }),
  bytesOf(5, { cmd: 'unsuback', messageId: 9, granted: [0, 0x11] }),
  bytesOf(5, { cmd: 'pingresp' }),
  bytesOf(5, { cmd: 'disconnect', reasonCode: 0x8b }),
]

const fiveEvents = [
  ['connack', true, 0, 20],
  ['suback', 65000, 0, 1, 0x80],
  ['publish', 'a/b', 'hello', 0, 0],
  ['publish', 'a/b', 'hello', 7, 0b1101],
  ['publish', 'a/b', 'x'.repeat(300), 0, 0],
  ['ack', 4, 1, 0],
  ['ack', 5, 2, 0x97],
  ['ack', 6, 3, 0x92],
  ['ack', 7, 0x1234, 0],
  ['unsuback', 9, 0, 0x11],
  ['pingresp'],
  ['disconnect', 0x8b],
]

test('every packet of a server of MQTT 5 is told of, with what matters in it', () => {
  expect(scan(5, Buffer.concat(five))).toEqual(fiveEvents)
})

test('every packet of a server of MQTT 3.1.1 is told of, with what matters in it', () => {
  const packets = [
    bytesOf(4, { cmd: 'connack', sessionPresent: false, returnCode: 5 }),
    bytesOf(4, { cmd: 'suback', messageId: 3, granted: [2, 0x80] }),
    publishOf(4, { qos: 1, messageId: 0x0102 }),
    publishOf(4, { payload: '' }),
    bytesOf(4, { cmd: 'puback', messageId: 1 }),
    bytesOf(4, { cmd: 'pubrec', messageId: 2 }),
    bytesOf(4, { cmd: 'pubrel', messageId: 3 }),
    bytesOf(4, { cmd: 'pubcomp', messageId: 4 }),
    bytesOf(4, { cmd: 'unsuback', messageId: 9 }),
    bytesOf(4, { cmd: 'pingresp' }),
  ]
  expect(scan(4, Buffer.concat(packets))).toEqual([
    ['connack', false, 5, 65535],
    ['suback', 3, 2, 0x80],
    ['publish', 'a/b', 'hello', 0x0102, 0b0010],
    ['publish', 'a/b', '', 0, 0],
    ['ack', 4, 1, 0],
    ['ack', 5, 2, 0],
    ['ack', 6, 3, 0],
    ['ack', 7, 4, 0],
    ['unsuback', 9],
    ['pingresp'],
  ])
})

test('packets may be cut anywhere, and the bytes are the caller’s again after each push', () => {
  const bytes = Buffer.concat(five)
  for (let size = 1; size <= 64; size++) expect(scanInPieces(5, bytes, size)).toEqual(fiveEvents)
})

test('a packet larger than what is kept for the next one is put together too', () => {
  const payload = 'y'.repeat(100_000)
  const bytes = Buffer.concat([publishOf(4, { payload }), bytesOf(4, { cmd: 'pingresp' })])
  const events = [['publish', 'a/b', payload, 0, 0], ['pingresp']]
  expect(scanInPieces(4, bytes, 30_000)).toEqual(events)
})

test('a broker that refuses MQTT 5 in the words of 3.1.1 is understood', () => {
  expect(scan(5, Buffer.from([0x20, 2, 0, 1]))).toEqual([['connack', false, 1, 65535]])
})

const illFormed: [string, ClientVersion, number[]][] = [
  ['a packet that only clients send', 5, [0xc0, 0]],
  ['an AUTH that nobody asked for', 5, [0xf0, 0]],
  ['a remaining length of five bytes', 5, [0x30, 0x80, 0x80, 0x80, 0x80, 1]],
  ['a remaining length longer than it needs', 5, [0x30, 0x80, 0]],
  ['a packet above the limit', 5, [0x30, 0xff, 0xff, 0xff, 0x7f]],
  ['QoS 3', 4, [0x36, 5, 0, 1, 0x61, 0, 1]],
  ['DUP at QoS 0', 4, [0x38, 3, 0, 1, 0x61]],
  ['a PUBLISH without a topic', 4, [0x30, 1, 0]],
  ['a PUBLISH that ends in its topic', 4, [0x30, 4, 0, 9, 0x61, 0x61]],
  ['a PUBLISH with the identifier 0', 4, [0x32, 5, 0, 1, 0x61, 0, 0]],
  ['a PUBLISH without properties in MQTT 5', 5, [0x30, 3, 0, 1, 0x61]],
  ['properties longer than the packet', 5, [0x30, 4, 0, 1, 0x61, 9]],
  ['an acknowledgement with flags', 5, [0x41, 2, 0, 1]],
  ['a PUBREL without its flag', 5, [0x60, 2, 0, 1]],
  ['an acknowledgement that is too short', 5, [0x40, 1, 1]],
  ['a reason code in 3.1.1', 4, [0x40, 3, 0, 1, 0]],
  ['the identifier 0', 5, [0x40, 2, 0, 0]],
  ['an acknowledgement whose properties are cut', 5, [0x40, 4, 0, 1, 0, 7]],
  ['a CONNACK with wrong flags', 5, [0x20, 3, 2, 0, 0]],
  ['a CONNACK whose properties are cut', 5, [0x20, 5, 0, 0, 2, 0x21, 0]],
  ['a SUBACK without codes', 5, [0x90, 3, 0, 1, 0]],
  ['an UNSUBACK with codes in 3.1.1', 4, [0xb0, 3, 0, 1, 0]],
  ['a PINGRESP with a body', 5, [0xd0, 1, 0]],
  ['a DISCONNECT in 3.1.1', 4, [0xe0, 0]],
]

test.each(illFormed)('%s is reported, and nothing behind it is read', (_name, version, bytes) => {
  const recorder = new Recorder()
  const scanner = new PacketScanner(recorder, version, 1_000_000)
  const chunk = Buffer.from([...bytes, 0xd0, 0])
  scanner.push(chunk, chunk.length)
  scanner.push(chunk, chunk.length)
  expect(recorder.events).toEqual([['ill-formed', expect.any(String)]])
})

test.each(illFormed)('%s is reported byte by byte too', (_name, version, bytes) => {
  const recorder = new Recorder()
  const scanner = new PacketScanner(recorder, version, 1_000_000)
  for (const byte of [...bytes, 0xd0, 0]) scanner.push(Buffer.from([byte]), 1)
  expect(recorder.events).toEqual([['ill-formed', expect.any(String)]])
})

test('nothing is told after stop, not even of the rest of a chunk', () => {
  class Stopper extends Recorder {
    override onPingresp(): void {
      super.onPingresp()
      scanner.stop()
    }
  }
  const stopper = new Stopper()
  const scanner = new PacketScanner(stopper, 5)
  scanner.push(Buffer.from([0xd0, 0, 0xd0, 0]), 4)
  scanner.push(Buffer.from([0xd0, 0]), 2)
  expect(stopper.events).toEqual([['pingresp']])
})
