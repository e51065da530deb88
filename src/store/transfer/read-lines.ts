import type { SessionKey, SessionState, StoredWill } from '../../broker/ports.ts'
import type { Message } from '../../mqtt/message.ts'
import { packetIdMax } from '../../mqtt/packet-id.ts'
import { Refusal } from '../../mqtt/refusal.ts'
import type { Delivery, SubscriptionOptions } from '../../mqtt/subscription.ts'
import { checkTopicFilter, checkTopicName, parseSharedFilter } from '../../mqtt/topic.ts'
import type { QueuedEntry } from '../../session/lane.ts'
import type { SlotSnapshot } from '../../session/snapshot.ts'
import type { Fields } from './fields.ts'
import { countMax, type ExportHeader, type ExportTime, timeMax } from './format.ts'
import type { MakeMessage } from './ports.ts'

/** What MQTT has for texts, and intervals in seconds. */
const textBytesMax = 65_535
const secondsMax = 0xffff_ffff
const subscriptionIdMax = 268_435_455
/** Keys of lanes and tables of priorities are numbers of 31 and 32 bits. */
const laneKeyMax = 0x7fff_ffff
const tableMax = 0xffff_ffff

const qosChoices = [0, 1, 2] as const

/** The session that lines begin. */
export interface SessionLine {
  readonly key: SessionKey
  readonly state: SessionState
  readonly nextPacketId: number
  readonly nextSequence: number
}

/** The lane that lines begin. */
export interface LaneLine {
  readonly key: number
  readonly head: number
  readonly tail: number
  readonly isShared: boolean
  readonly table: number
}

/** Makes of the fields of a line what they stand for. All methods throw: WrongField. */
export class LineReader {
  readonly #time: ExportTime
  readonly #makeMessage: MakeMessage

  constructor(time: ExportTime, makeMessage: MakeMessage) {
    this.#time = time
    this.#makeMessage = makeMessage
  }

  session(fields: Fields): SessionLine {
    const clientId = fields.text('clientId', textBytesMax)
    if (clientId === '') throw fields.wrong('clientId', 'is empty', 'a client identifier')
    const key = { clientId, generation: fields.whole('generation', 0, countMax) }
    const nextPacketId = fields.whole('nextPacketId', 1, packetIdMax)
    const nextSequence = fields.whole('nextSequence', 0, countMax)
    return { key, state: this.#state(fields), nextPacketId, nextSequence }
  }

  subscription(fields: Fields): { filter: string; options: SubscriptionOptions } {
    const filter = fields.text('filter', textBytesMax)
    const refusal = checkTopicFilter(filter)
    if (refusal !== undefined) throw fields.wrong('filter', refusal.because, 'a topic filter')
    const options = {
      qos: fields.choice('qos', qosChoices),
      noLocal: fields.flag('noLocal'),
      retainAsPublished: fields.flag('retainAsPublished'),
      retainHandling: fields.choice('retainHandling', qosChoices),
    }
    if (!fields.has('subscriptionId')) return { filter, options }
    const subscriptionId = fields.whole('subscriptionId', 1, subscriptionIdMax)
    return { filter, options: { ...options, subscriptionId } }
  }

  slot(fields: Fields): SlotSnapshot {
    const packetId = this.#packetId(fields)
    const order = fields.whole('order', 0, countMax)
    const phase = fields.choice('phase', ['publish', 'pubrel'])
    if (phase === 'pubrel') return { phase, packetId, order }
    const qos = fields.choice('qos', [1, 2])
    const delivery = fields.object('delivery', readDelivery)
    const message = this.#message(fields)
    return { phase, packetId, order, qos, delivery, message, wasSent: true }
  }

  awaitingRel(fields: Fields): { packetId: number; receivedAt: number } {
    return { packetId: this.#packetId(fields), receivedAt: this.#at(fields, 'receivedAt') }
  }

  lane(fields: Fields): LaneLine {
    return {
      key: fields.whole('lane', 0, laneKeyMax),
      head: fields.whole('head', 0, countMax),
      tail: fields.whole('tail', 0, countMax),
      isShared: fields.flag('isShared'),
      table: fields.whole('table', 0, tableMax),
    }
  }

  queued(fields: Fields): QueuedEntry {
    const sequence = fields.whole('sequence', 0, countMax)
    const delivery = fields.object('delivery', readDelivery)
    return { sequence, delivery, message: this.#message(fields) }
  }

  retained(fields: Fields): Message {
    const message = this.#message(fields)
    if (message.retain) return message
    throw fields.wrong('message.retain', 'is false', 'true, for what is retained')
  }

  #state(fields: Fields): SessionState {
    const isEndless = fields.is('expiryInterval', 'never')
    return {
      zone: fields.text('zone', textBytesMax),
      username: fields.has('username') ? fields.text('username', textBytesMax) : undefined,
      expiryInterval: isEndless
        ? Number.POSITIVE_INFINITY
        : fields.whole('expiryInterval', 0, countMax),
      createdAtWallMs: wallMs(fields, 'createdAt'),
      disconnectedAt: fields.has('disconnectedAt') ? this.#at(fields, 'disconnectedAt') : undefined,
      isOver: fields.flag('isOver'),
      will: fields.has('will') ? fields.object('will', (will) => this.#will(will)) : undefined,
    }
  }

  #will(fields: Fields): StoredWill {
    return {
      delay: fields.whole('delay', 0, secondsMax),
      expiryInterval: fields.has('expiryInterval')
        ? fields.whole('expiryInterval', 0, secondsMax)
        : undefined,
      message: this.#message(fields),
    }
  }

  #message(fields: Fields): Message {
    return fields.object('message', (message) => this.#make(message))
  }

  #make(fields: Fields): Message {
    const topic = fields.text('topic', textBytesMax)
    const refusal = checkTopicName(topic)
    if (refusal !== undefined) throw fields.wrong('topic', refusal.because, 'a topic name')
    const retain = fields.flag('retain')
    const message = this.#makeMessage({
      topic,
      qos: fields.choice('qos', qosChoices),
      retain,
      isRetained: fields.flag('isRetained'),
      from: fields.text('from', textBytesMax),
      number: fields.whole('number', 0, countMax),
      receivedAt: retain ? this.#at(fields, 'receivedAt') : this.#time.fromWall(0),
      expiresAt: fields.has('expiresAt') ? this.#at(fields, 'expiresAt') : Number.POSITIVE_INFINITY,
      shape: fields.choice('shape', [3, 5]),
      properties: fields.has('properties') ? fields.bytes('properties') : Buffer.alloc(0),
      payload: fields.bytes('payload'),
    })
    if (!(message instanceof Refusal)) return message
    throw fields.wrong('properties', message.because, 'what a PUBLISH may have')
  }

  #packetId(fields: Fields): number {
    return fields.whole('packetId', 1, packetIdMax)
  }

  #at(fields: Fields, name: string): number {
    return this.#time.fromWall(wallMs(fields, name))
  }
}

/** Throws: WrongField. */
export function readHeader(fields: Fields): ExportHeader {
  return {
    broker: fields.text('broker', textBytesMax),
    exportedAtWallMs: wallMs(fields, 'exportedAt'),
    backend: fields.text('backend', textBytesMax),
  }
}

function readDelivery(fields: Fields): Delivery {
  const shared = fields.has('shared') ? fields.text('shared', textBytesMax) : undefined
  if (shared !== undefined && parseSharedFilter(shared) === undefined) {
    throw fields.wrong('shared', 'is no shared filter', '$share/{name}/{filter}')
  }
  return {
    qos: fields.choice('qos', qosChoices),
    retainAsPublished: fields.flag('retainAsPublished'),
    subscriptionIds: fields.has('subscriptionIds')
      ? fields.wholes('subscriptionIds', 1, subscriptionIdMax)
      : undefined,
    shared,
  }
}

function wallMs(fields: Fields, name: string): number {
  return fields.whole(name, -timeMax, timeMax)
}
