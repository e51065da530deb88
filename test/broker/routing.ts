import type { Subscriber } from '../../src/broker/ports.ts'
import { Frame } from '../../src/mqtt/frame.ts'
import { Message } from '../../src/mqtt/message.ts'
import type { Delivery, QoS, SubscriptionOptions } from '../../src/mqtt/subscription.ts'

/** A subscriber that is what the test says it is. */
export class TestSubscriber implements Subscriber {
  readonly clientId: string
  isConnected = true
  isWritable = true
  readonly received: Delivery[] = []

  constructor(clientId: string) {
    this.clientId = clientId
  }

  deliver(_message: Message, delivery: Delivery): void {
    this.received.push(delivery)
  }

  /** Connected, but its socket takes no more. */
  stall(): void {
    this.isWritable = false
  }

  leave(): void {
    this.isConnected = false
    this.isWritable = false
  }
}

export function wanting(wish: Partial<SubscriptionOptions> = {}): SubscriptionOptions {
  return { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0, ...wish }
}

interface MessageWish {
  payload?: string | Buffer
  qos?: QoS
  from?: string
  receivedAt?: number
  expiresAt?: number
}

let numbers = 0

/** A retained PUBLISH as the decoder would hand it over: in the middle of a socket's chunk. */
export function messageOf(topic: string, wish: MessageWish = {}): Message {
  const { qos = 0, from = 'publisher', receivedAt = 0, expiresAt = Number.POSITIVE_INFINITY } = wish
  const payload = Buffer.from(wish.payload ?? 'payload')
  const topicBytes = Buffer.from(topic)
  const remaining = 2 + topicBytes.length + (qos > 0 ? 2 : 0) + payload.length
  const header = [0x30 | (qos << 1) | 1]
  for (let rest = remaining; ; rest >>= 7) {
    header.push(rest > 127 ? (rest & 127) | 128 : rest)
    if (rest <= 127) break
  }
  const before = Buffer.from('before')
  const bytes = Buffer.concat([
    before,
    Buffer.from(header),
    Buffer.from([topicBytes.length >> 8, topicBytes.length & 255]),
    topicBytes,
    Buffer.alloc(qos > 0 ? 2 : 0, 1),
    payload,
    Buffer.from('behind'),
  ])
  const start = before.length
  const end = bytes.length - 6
  const at = end - payload.length
  const frame = new Frame(3, bytes, start, end, 1, qos > 0 ? at - 2 : -1, at, at, at, false)
  return new Message(topic, qos, true, from, receivedAt, expiresAt, false, frame, ++numbers)
}

/** [MQTT-4.7.1-1…3] and [MQTT-4.7.2-1] as they are written, to compare with. */
export function plainlyMatches(filter: string, topic: string): boolean {
  const wanted = filter.split('/')
  const given = topic.split('/')
  if (topic.startsWith('$') && (wanted[0] === '#' || wanted[0] === '+')) return false
  for (let i = 0; i < wanted.length; i++) {
    if (wanted[i] === '#') return true
    if (i >= given.length || (wanted[i] !== '+' && wanted[i] !== given[i])) return false
  }
  return wanted.length === given.length
}
