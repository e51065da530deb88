import { isDeepStrictEqual } from 'node:util'
import type { Packet } from 'mqtt-packet'
import { expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import type { ProtocolVersion } from '../../src/mqtt/packets.ts'
import type { PacketDecoder } from '../../src/wire/decoder.ts'
import { readPublishProperties } from '../../src/wire/properties.ts'
import { makeCorpus } from './corpus.ts'
import { mutate } from './mutate.ts'
import { type Arrival, connected, newDecoder, parse, type Recording } from './support.ts'

/*
 * Valid packets of every kind are damaged and pushed into a decoder in random pieces. It must
 * never throw, hang, or keep more than it was given; and what it accepts, mqtt-packet must read
 * alike. FUZZ_PACKETS says how many, FUZZ_SEED which.
 */

const packetsMax = Number(process.env.FUZZ_PACKETS ?? 1_000_000)
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 0xffffffff))
const batch = 10_000
/** Bytes by which the heap may be larger at the end than after the first batches. */
const heapGrowthMax = 64 * 1024 * 1024

test(`the decoder stands ${packetsMax} damaged packets (FUZZ_SEED=${seed})`, {
  timeout: 600_000,
}, () => {
  const random = new SeededRandom(seed)
  const corpus = makeCorpus(random)
  let heapBefore = 0
  let accepted = 0
  for (let i = 0; i < packetsMax; i++) {
    const specimen = corpus[random.below(corpus.length)] as (typeof corpus)[number]
    const other = corpus[random.below(corpus.length)] as (typeof corpus)[number]
    const bytes =
      random.below(50) === 0 ? specimen.bytes : mutate(specimen.bytes, other.bytes, random)
    try {
      if (tryPacket(specimen.version, bytes, random)) accepted++
    } catch (error) {
      const replay = `FUZZ_SEED=${seed} packet ${i}, version ${specimen.version}: ${bytes.toString('hex')}`
      throw new Error(`${replay}\n${(error as Error).message}`, { cause: error })
    }
    if (i === 5 * batch) heapBefore = process.memoryUsage().heapUsed
  }
  expect(accepted / packetsMax).toBeGreaterThan(0.05)
  if (heapBefore > 0) {
    expect(process.memoryUsage().heapUsed - heapBefore).toBeLessThan(heapGrowthMax)
  }
})

test(`the decoder accepts every packet that is not damaged (FUZZ_SEED=${seed})`, () => {
  const random = new SeededRandom(seed)
  const refused = makeCorpus(random).filter(
    ({ version, bytes }) => !tryPacket(version, bytes, random),
  )
  expect(refused.map(({ bytes }) => bytes.toString('hex'))).toEqual([])
})

/** Pushes one packet into a new connection. Answers whether all of it was accepted. */
function tryPacket(version: ProtocolVersion, bytes: Buffer, random: SeededRandom): boolean {
  const isConnect = (bytes[0] as number) >> 4 === 1
  const setting = { maximumPacketSize: 2000, topicAliasMaximum: 10 }
  const { decoder, got } = isConnect ? newDecoder(setting) : connected(version, setting)
  pushInPieces(decoder, got, bytes, random)
  if (got.refusal !== undefined) {
    if (decoder.pendingBytes !== 0) throw new Error('something is kept after a refusal')
    return false
  }
  if (decoder.hasPartialPacket) return false
  compare(got.arrivals, bytes, isConnect ? (decoder.protocolVersion ?? 4) : version)
  return true
}

function pushInPieces(
  decoder: PacketDecoder,
  got: Recording,
  bytes: Buffer,
  random: SeededRandom,
): void {
  const pieceMax = random.below(3) === 0 ? 1 + random.below(8) : bytes.length
  let at = 0
  while (at < bytes.length) {
    const end = Math.min(bytes.length, at + 1 + random.below(pieceMax))
    got.accepting = random.below(10) > 0
    decoder.push(bytes.subarray(at, end), 1000)
    if (!got.accepting) {
      got.accepting = true
      decoder.resume(1000)
    }
    at = end
    if (decoder.pendingBytes > at) throw new Error('more is kept than came')
  }
}

/**
 * Compares what we accepted with what mqtt-packet reads out of the same bytes. It is given one
 * packet at a time: with more behind it, it reads a DISCONNECT without a body beyond its end.
 */
function compare(arrivals: readonly Arrival[], bytes: Buffer, version: ProtocolVersion): void {
  const theirs: Facts[] = []
  for (const frame of cut(bytes)) {
    const oracle = parse(version === 3 ? withoutDup(frame) : frame, version)
    const packet = oracle.packets[0]
    if (oracle.error !== undefined || packet === undefined) {
      throw new Error(`accepted, but mqtt-packet says: ${oracle.error ?? 'nothing'}`)
    }
    theirs.push(describeTheirs(packet, version))
  }
  const ours = arrivals.flatMap(describe)
  if (!isDeepStrictEqual(ours, resolveAliases(theirs))) expect(ours).toEqual(theirs)
}

/** The whole packets that bytes consist of. */
function cut(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = []
  let start = 0
  while (start < bytes.length) {
    let at = start
    let size = 0
    let shift = 0
    do size |= ((bytes[++at] as number) & 0x7f) << (7 * shift++)
    while ((bytes[at] as number) > 0x7f)
    frames.push(bytes.subarray(start, at + 1 + size))
    start = at + 1 + size
  }
  return frames
}

/** MQTT 3.1 allows DUP on SUBSCRIBE, UNSUBSCRIBE and PUBREL; mqtt-packet does not know that. */
function withoutDup(frame: Buffer): Buffer {
  if (![0x6a, 0x8a, 0xaa].includes(frame[0] as number)) return frame
  return Buffer.concat([Buffer.from([(frame[0] as number) & 0xf7]), frame.subarray(1)])
}

type Facts = Record<string, unknown>

function describe(arrival: Arrival): Facts[] {
  switch (arrival.what) {
    case 'publish':
      return arrival.message.split().map((message) => {
        const { payloadIsUtf8, contentType, responseTopic, correlationData } =
          readPublishProperties(message.frame)
        return {
          cmd: 'publish',
          topic: message.topic,
          qos: message.qos,
          retain: message.retain,
          dup: arrival.dup,
          id: arrival.packetId,
          payload: message.payload.toString('latin1'),
          expiry:
            message.expiresAt === Number.POSITIVE_INFINITY
              ? undefined
              : (message.expiresAt - 1000) / 1000,
          payloadIsUtf8,
          contentType,
          responseTopic,
          correlationData: correlationData?.toString('latin1'),
        }
      })
    case 'ack':
      return [{ cmd: 'ack', type: arrival.type, id: arrival.packetId, code: arrival.reasonCode }]
    case 'pingreq':
      return [{ cmd: 'pingreq' }]
    case 'packet':
      return [describePacket(arrival.packet)]
    default:
      return [{ cmd: 'refused' }]
  }
}

function describePacket(packet: Extract<Arrival, { what: 'packet' }>['packet']): Facts {
  switch (packet.type) {
    case 'connect': {
      const will = packet.will
      return {
        cmd: 'connect',
        version: packet.protocolVersion,
        isBridge: packet.isBridge,
        clientId: packet.clientId,
        clean: packet.cleanStart,
        keepalive: packet.keepAlive,
        username: packet.username,
        password: packet.password?.toString('latin1'),
        willTopic: will?.message.topic,
        willPayload: will?.message.payload.toString('latin1'),
        willDelay: will === undefined ? undefined : will.delay,
        willExpiry: will?.expiryInterval,
        willContentType: will && readPublishProperties(will.message.frame).contentType,
        receiveMaximum: packet.receiveMaximum,
        maximumPacketSize: packet.maximumPacketSize,
      }
    }
    case 'subscribe':
      return {
        cmd: 'subscribe',
        id: packet.packetId,
        filters: packet.subscriptions.map(
          ({ filter, options }) => `${filter} ${options.qos} ${options.retainHandling}`,
        ),
        subscriptionId: packet.subscriptions[0]?.options.subscriptionId,
      }
    case 'unsubscribe':
      return { cmd: 'unsubscribe', id: packet.packetId, filters: packet.filters }
    case 'disconnect':
      return { cmd: 'disconnect', code: packet.reasonCode, expiry: packet.sessionExpiryInterval }
    case 'auth':
      return {
        cmd: 'auth',
        code: packet.reasonCode,
        method: packet.authenticationMethod,
        data: packet.authenticationData?.toString('latin1'),
      }
  }
}

const ackTypes: Record<string, number> = { puback: 4, pubrec: 5, pubrel: 6, pubcomp: 7 }

function describeTheirs(packet: Packet, version: ProtocolVersion): Facts {
  switch (packet.cmd) {
    case 'publish':
      return {
        cmd: 'publish',
        topic: packet.topic,
        alias: packet.properties?.topicAlias,
        qos: packet.qos,
        retain: packet.retain,
        dup: packet.dup,
        id: packet.messageId ?? 0,
        payload: (packet.payload as Buffer).toString('latin1'),
        expiry: packet.properties?.messageExpiryInterval,
        payloadIsUtf8: packet.properties?.payloadFormatIndicator,
        contentType: packet.properties?.contentType,
        responseTopic: packet.properties?.responseTopic,
        correlationData: packet.properties?.correlationData?.toString('latin1'),
      }
    case 'connect': {
      const will = packet.will
      return {
        cmd: 'connect',
        version: packet.protocolVersion,
        isBridge: (packet as { bridgeMode?: boolean }).bridgeMode === true,
        clientId: packet.clientId,
        clean: packet.clean,
        keepalive: packet.keepalive,
        username: packet.username,
        password: packet.password?.toString('latin1'),
        willTopic: will?.topic,
        willPayload: (will?.payload as Buffer | undefined)?.toString('latin1'),
        willDelay: will === undefined ? undefined : (will.properties?.willDelayInterval ?? 0),
        willExpiry: will?.properties?.messageExpiryInterval,
        willContentType: will?.properties?.contentType,
        receiveMaximum: packet.properties?.receiveMaximum ?? 65535,
        maximumPacketSize: packet.properties?.maximumPacketSize,
      }
    }
    case 'subscribe':
      return {
        cmd: 'subscribe',
        id: packet.messageId,
        filters: packet.subscriptions.map(({ topic, qos, rh }) => `${topic} ${qos} ${rh ?? 0}`),
        subscriptionId: packet.properties?.subscriptionIdentifier,
      }
    case 'unsubscribe':
      return { cmd: 'unsubscribe', id: packet.messageId, filters: packet.unsubscriptions }
    case 'disconnect':
      return {
        cmd: 'disconnect',
        code: packet.reasonCode ?? 0,
        expiry: packet.properties?.sessionExpiryInterval,
      }
    case 'auth':
      return {
        cmd: 'auth',
        code: packet.reasonCode,
        method: packet.properties?.authenticationMethod,
        data: packet.properties?.authenticationData?.toString('latin1'),
      }
    case 'pingreq':
      return { cmd: 'pingreq' }
    default: {
      const code = version === 5 ? (packet as { reasonCode?: number }).reasonCode : 0
      return { cmd: 'ack', type: ackTypes[packet.cmd], id: packet.messageId, code }
    }
  }
}

/** mqtt-packet leaves the aliases to others; one that is unknown here was refused by us. */
function resolveAliases(facts: Facts[]): Facts[] {
  const topics = new Map<unknown, unknown>()
  for (const fact of facts) {
    if (fact.alias !== undefined) {
      if (fact.topic === '') fact.topic = topics.get(fact.alias)
      topics.set(fact.alias, fact.topic)
    }
    delete fact.alias
  }
  return facts
}
