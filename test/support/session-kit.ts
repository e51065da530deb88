import { Frame } from '../../src/mqtt/frame.ts'
import { Message } from '../../src/mqtt/message.ts'
import type { ProtocolVersion } from '../../src/mqtt/packets.ts'
import type { Delivery, QoS } from '../../src/mqtt/subscription.ts'
import { noRecorder } from '../../src/session/no-recorder.ts'
import { defaultSessionOptions, type SessionOptions } from '../../src/session/options.ts'
import type {
  DropReason,
  Recorder,
  RetainedItem,
  SessionObserver,
  Sink,
} from '../../src/session/ports.ts'
import { Session } from '../../src/session/session.ts'

/** A packet that a session sent. `text` is the payload. */
export interface SentPublish {
  readonly type: 'publish'
  readonly topic: string
  readonly text: string
  readonly qos: QoS
  readonly retain: boolean
  readonly dup: boolean
  readonly packetId: number
  readonly subscriptionIds: readonly number[] | undefined
}
export type Sent = SentPublish | { readonly type: 'pubrel'; readonly packetId: number }

/** A message as the retained one of its topic; `isStored`: it has to be fetched. */
export function retainedItem(message: Message, isStored = false): RetainedItem {
  const retained = message.asRetained()
  return {
    from: message.from,
    toMessage: () => (isStored ? undefined : retained),
    fetch: () => Promise.resolve(retained),
  }
}

/** The channel's side: takes down what was sent. */
export class RecordingSink implements Sink {
  writable = true
  /** Payloads above it are too large. */
  payloadSizeMax = Number.POSITIVE_INFINITY
  /** Whether runs pass as they are. */
  takesFrames = true
  readonly sent: Sent[] = []
  readonly frameCounts: number[] = []
  /** How often the session said that there may be something to send. */
  wakes = 0

  publish(
    message: Message,
    qos: QoS,
    retain: boolean,
    dup: boolean,
    packetId: number,
    subscriptionIds: readonly number[] | undefined,
  ): boolean {
    if (message.payloadSize > this.payloadSizeMax) return false
    const { topic } = message
    const text = message.payload.toString()
    this.sent.push({ type: 'publish', topic, text, qos, retain, dup, packetId, subscriptionIds })
    return true
  }

  frames(frame: Frame): boolean {
    if (!this.takesFrames) return false
    this.frameCounts.push(frame.count)
    return true
  }

  pubrel(packetId: number): void {
    this.sent.push({ type: 'pubrel', packetId })
  }

  wake(): void {
    this.wakes++
  }

  /** What was sent since the last call, each as a short line: `1 a#7 dup`, `pubrel 7`. */
  take(): string[] {
    const lines = this.sent.map(lineOf)
    this.sent.length = 0
    return lines
  }
}

function lineOf(packet: Sent): string {
  if (packet.type === 'pubrel') return `pubrel ${packet.packetId}`
  const id = packet.packetId === 0 ? '' : `#${packet.packetId}`
  return `${packet.qos} ${packet.text}${id}${packet.dup ? ' dup' : ''}${packet.retain ? ' retain' : ''}`
}

/** Takes down what a session tells: `acked a`, `queue_full a`, `awaiting-rel 7`. */
export class RecordingObserver implements SessionObserver {
  readonly queued = { messages: 0, bytes: 0 }
  readonly told: string[] = []

  acked(_clientId: string, message: Message | undefined): void {
    this.told.push(`acked ${message?.payload.toString()}`)
  }

  dropped(_clientId: string, message: Message, reason: DropReason): void {
    this.told.push(`${reason} ${message.payload.toString()}`)
  }

  droppedUnread(_clientId: string, count: number, reason: DropReason): void {
    this.told.push(`${reason} unread ${count}`)
  }

  awaitingRelExpired(_clientId: string, packetId: number): void {
    this.told.push(`awaiting-rel ${packetId}`)
  }

  take(): string[] {
    return this.told.splice(0)
  }
}

export interface MessageWish {
  topic?: string
  retain?: boolean
  from?: string
  expiresAt?: number
  /** Messages in the run; each has the same payload. */
  count?: number
}

/** A message as the wire would make it, its frame over a socket's chunk. */
export function message(text: string, qos: QoS, wish: MessageWish = {}): Message {
  const count = wish.count ?? 1
  const bytes = Buffer.from(text.repeat(count))
  const frame = new Frame(5, bytes, 0, bytes.length, count, -1, 0, 0, 0, false)
  const never = Number.POSITIVE_INFINITY
  return new Message(
    wish.topic ?? 't',
    qos,
    wish.retain ?? false,
    wish.from ?? 'publisher',
    0,
    wish.expiresAt ?? never,
    false,
    frame,
    0,
  )
}

/** How a message goes to the session: at most at this QoS. */
export function at(qos: QoS, wish: Partial<Delivery> = {}): Delivery {
  return { qos, retainAsPublished: false, subscriptionIds: undefined, ...wish }
}

/** A session with its connection: what most tests begin with. */
export class SessionKit {
  readonly observer = new RecordingObserver()
  sink = new RecordingSink()
  session: Session
  now = 0

  constructor(options: Partial<SessionOptions> = {}, recorder: Recorder = noRecorder) {
    const all = { ...defaultSessionOptions, ...options }
    this.session = new Session('client', 1, all, recorder, this.observer, 1_700_000_000_000)
  }

  /** Connects over a new socket. */
  connect(receiveMaximum = 65535, protocolVersion: ProtocolVersion = 5): this {
    this.sink = new RecordingSink()
    this.session.attach(this.sink, { receiveMaximum, protocolVersion }, this.now)
    return this
  }

  disconnect(): this {
    this.session.detach(this.now)
    return this
  }

  reconnect(receiveMaximum = 65535, protocolVersion: ProtocolVersion = 5): this {
    return this.disconnect().connect(receiveMaximum, protocolVersion)
  }

  /** Delivers messages at one QoS, each with its name as payload. */
  deliver(qos: QoS, ...texts: string[]): this {
    for (const text of texts) this.session.deliver(message(text, qos), at(qos), this.now)
    return this
  }

  /** As the channel pumps: until nothing goes. Answers what was sent since last asked. */
  pump(): string[] {
    while (this.session.next(this.now));
    this.session.checkInvariants()
    return this.sink.take()
  }

  /** What the client answers, each followed by the pump. Answers what was sent since last asked. */
  puback(...packetIds: number[]): string[] {
    for (const packetId of packetIds) this.session.puback(packetId, 0, this.now)
    return this.pump()
  }

  pubrec(...packetIds: number[]): string[] {
    for (const packetId of packetIds) this.session.pubrec(packetId, 0, this.now)
    return this.pump()
  }

  pubcomp(...packetIds: number[]): string[] {
    for (const packetId of packetIds) this.session.pubcomp(packetId, 0, this.now)
    return this.pump()
  }
}
