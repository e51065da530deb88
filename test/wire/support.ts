import mqttPacket, { type Packet } from 'mqtt-packet'
import { expect } from 'vitest'
import type { Message } from '../../src/mqtt/message.ts'
import type { AckType, ControlPacket, ProtocolVersion } from '../../src/mqtt/packets.ts'
import type { Refusal } from '../../src/mqtt/refusal.ts'
import { PacketDecoder } from '../../src/wire/decoder.ts'
import { type EncoderConnection, PacketEncoder } from '../../src/wire/encoder.ts'
import { Output } from '../../src/wire/output.ts'
import { OutputPool } from '../../src/wire/output-pool.ts'
import type { PacketHandler } from '../../src/wire/ports.ts'

/** What a decoder handed on, in order. */
export type Arrival =
  | { what: 'publish'; message: Message; packetId: number; dup: boolean }
  | { what: 'ack'; type: AckType; packetId: number; reasonCode: number }
  | { what: 'pingreq' }
  | { what: 'packet'; packet: ControlPacket }
  | { what: 'refused'; refusal: Refusal }

/** Takes down what arrives; `during` runs within each call. */
export class Recording implements PacketHandler {
  accepting = true
  readonly arrivals: Arrival[] = []
  during: (arrival: Arrival) => void = () => {}

  get refusal(): Refusal | undefined {
    const last = this.arrivals.at(-1)
    return last?.what === 'refused' ? last.refusal : undefined
  }
  get messages(): Message[] {
    return this.arrivals.flatMap((arrival) => (arrival.what === 'publish' ? [arrival.message] : []))
  }
  get packets(): ControlPacket[] {
    return this.arrivals.flatMap((arrival) => (arrival.what === 'packet' ? [arrival.packet] : []))
  }
  onPublish(message: Message, packetId: number, dup: boolean): void {
    this.#add({ what: 'publish', message, packetId, dup })
  }
  onAck(type: AckType, packetId: number, reasonCode: number): void {
    this.#add({ what: 'ack', type, packetId, reasonCode })
  }
  onPingreq(): void {
    this.#add({ what: 'pingreq' })
  }
  onPacket(packet: ControlPacket): void {
    this.#add({ what: 'packet', packet })
  }
  onRefused(refusal: Refusal): void {
    this.#add({ what: 'refused', refusal })
  }
  #add(arrival: Arrival): void {
    this.arrivals.push(arrival)
    this.during(arrival)
  }
}

export interface Setting {
  readonly maximumPacketSize?: number
  readonly topicLevelsMax?: number
  readonly strictMode?: boolean
  readonly topicAliasMaximum?: number
  readonly numbering?: { last: number }
}

export function newDecoder(setting: Setting = {}): { decoder: PacketDecoder; got: Recording } {
  const { maximumPacketSize = 1 << 20, topicLevelsMax = 128, strictMode = true } = setting
  const got = new Recording()
  const options = { maximumPacketSize, topicLevelsMax, strictMode }
  const decoder = new PacketDecoder(got, setting.numbering ?? { last: 0 }, options)
  return { decoder, got }
}

/** A decoder whose CONNECT was accepted; nothing of it is left in the recording. */
export function connected(
  version: ProtocolVersion,
  setting: Setting = {},
): { decoder: PacketDecoder; got: Recording } {
  const both = newDecoder(setting)
  both.decoder.push(connectBytes(version), 0)
  both.decoder.configure({ clientId: 'c', topicAliasMaximum: setting.topicAliasMaximum ?? 0 })
  both.got.arrivals.length = 0
  return both
}

export function connectBytes(version: ProtocolVersion): Buffer {
  const protocolId = version === 3 ? 'MQIsdp' : 'MQTT'
  return generate(
    { cmd: 'connect', protocolId, protocolVersion: version, clientId: 'c', clean: true },
    version,
  )
}

export function generate(packet: object, version: ProtocolVersion): Buffer {
  return mqttPacket.generate(packet as Packet, { protocolVersion: version })
}

/** What mqtt-packet reads out of the bytes: packets, or the error that it ends in. */
export function parse(
  bytes: Buffer,
  version: ProtocolVersion,
): { packets: Packet[]; error?: string } {
  const packets: Packet[] = []
  let error: string | undefined
  const parser = mqttPacket.parser({ protocolVersion: version })
  parser.on('packet', (packet) => packets.push(packet))
  parser.on('error', (problem: Error) => {
    error ??= problem.message
  })
  try {
    parser.parse(bytes)
  } catch (thrown) {
    error ??= `thrown: ${(thrown as Error).message}`
  }
  return error === undefined ? { packets } : { packets, error }
}

/** The one packet that mqtt-packet reads out of the bytes. */
export function only(bytes: Buffer, version: ProtocolVersion): Packet {
  const { packets, error } = parse(bytes, version)
  expect(error).toBeUndefined()
  expect(packets).toHaveLength(1)
  return packets[0] as Packet
}

/** Bytes out of hexadecimal digits; what is not one is for the reader. */
export function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/[^0-9a-f]/gi, ''), 'hex')
}

/** A packet of a first byte and a body; the remaining length is put between. */
export function packet(first: number, ...body: (Buffer | string | number[])[]): Buffer {
  const rest = Buffer.concat(
    body.map((part) => (typeof part === 'string' ? text(part) : Buffer.from(part))),
  )
  const length: number[] = []
  let left = rest.length
  do {
    length.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0))
    left >>>= 7
  } while (left > 0)
  return Buffer.concat([Buffer.from([first, ...length]), rest])
}

/** A string with two bytes of length. */
export function text(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content)
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes])
}

/** What a connected client's bytes come to: the refusal, or undefined. */
export function refusalOf(
  version: ProtocolVersion,
  bytes: Buffer,
  setting: Setting = {},
): Refusal | undefined {
  const { decoder, got } = connected(version, setting)
  decoder.push(bytes, 1000)
  return got.refusal
}

/** What a first packet comes to. */
export function firstRefusalOf(bytes: Buffer, setting: Setting = {}): Refusal | undefined {
  const { decoder, got } = newDecoder(setting)
  decoder.push(bytes, 1000)
  return got.refusal
}

export function newEncoder(connection: Partial<EncoderConnection> = {}): {
  encoder: PacketEncoder
  output: Output
  bytes: () => Buffer
} {
  const output = new Output(new OutputPool())
  const encoder = new PacketEncoder(output)
  encoder.configure({
    protocolVersion: 5,
    maximumPacketSize: undefined,
    topicAliasMaximum: 0,
    requestProblemInformation: true,
    ...connection,
  })
  const bytes = (): Buffer => {
    const taken = output.take()
    const all = Buffer.concat(taken)
    output.release(taken)
    return all
  }
  return { encoder, output, bytes }
}
