import assert from 'node:assert/strict'
import type { Frame } from '../../src/mqtt/frame.ts'
import type { Message } from '../../src/mqtt/message.ts'
import type { QoS } from '../../src/mqtt/subscription.ts'
import type { Sink } from '../../src/session/ports.ts'
import type { Sent } from '../support/session-kit.ts'

/** What is known of a packet id that was sent and is unfinished; it outlives connections. */
interface Known {
  readonly text: string
  /** Its place in the order of first sends. */
  readonly order: number
  released: boolean
}

/**
 * The wire between session and client, holding the rules that are seen on the wire: no id in use
 * twice, DUP and the same id on a resend, resends in the order of first sends, new messages in
 * order per topic and QoS, never more unfinished than the connection allows.
 */
export class ModelSink implements Sink {
  writable = true
  /** min(max_inflight, receive maximum) of this connection. */
  unfinishedMax = 0
  takesFrames = true
  /** Packets on their way to the client. */
  readonly wire: Sent[] = []
  sentQoS0 = 0
  readonly #known = new Map<number, Known>()
  readonly #unfinished = new Set<number>()
  readonly #lastFirst = new Map<string, number>()
  /** Of the last resend on this connection. */
  #resentOrder = 0
  #nextOrder = 1

  publish(message: Message, qos: QoS, retain: boolean, dup: boolean, packetId: number): boolean {
    assert(this.writable, 'nothing is sent into a full socket')
    const { topic } = message
    const text = message.payload.toString()
    if (text.startsWith('large')) {
      this.#known.delete(packetId)
      return false
    }
    if (qos === 0) this.#checkQoS0(dup, packetId)
    else this.#checkWithId(text, dup, packetId)
    if (!dup) this.#checkOrder(topic, qos, text)
    const subscriptionIds = undefined
    this.wire.push({ type: 'publish', topic, text, qos, retain, dup, packetId, subscriptionIds })
    return true
  }

  frames(frame: Frame): boolean {
    if (!this.takesFrames) return false
    this.sentQoS0 += frame.count
    return true
  }

  pubrel(packetId: number): void {
    const known = this.#known.get(packetId)
    assert(known !== undefined, `PUBREL ${packetId} is for an id in flight`)
    assert(known.released, `PUBREL ${packetId} follows its PUBREC`)
    this.wire.push({ type: 'pubrel', packetId })
  }

  /** A model pumps all the time. */
  wake(): void {}

  /** PUBREC < 0x80 was taken. */
  released(packetId: number): void {
    const known = this.#known.get(packetId)
    if (known !== undefined) known.released = true
  }

  /** Says which ids are in flight: the others are free, and their quota is back. */
  keepOnly(inflight: readonly (readonly [packetId: number, phase: string])[]): void {
    const kept = new Set(inflight.map(([packetId]) => packetId))
    for (const packetId of this.#known.keys()) {
      if (kept.has(packetId)) continue
      this.#known.delete(packetId)
      this.#unfinished.delete(packetId)
    }
  }

  /** A new connection: what was on the wire is lost. */
  reconnected(unfinishedMax: number): void {
    this.wire.length = 0
    this.#unfinished.clear()
    this.#resentOrder = 0
    this.unfinishedMax = unfinishedMax
    this.writable = true
  }

  /** The broker came back with these ids in flight; what it had not made safe is unknown to it. */
  restarted(slots: readonly { packetId: number; phase: string; text: string | undefined }[]): void {
    const before = new Map(this.#known)
    this.#known.clear()
    this.#lastFirst.clear()
    let lastOrder = 0
    for (const { packetId, phase, text } of slots) {
      const known = before.get(packetId)
      // An id may have been freed and taken again without being safe: then it is another message.
      const isSame = text === undefined ? known?.released === true : known?.text === text
      if (known !== undefined && isSame) {
        assert(known.order > lastOrder, 'what comes back is in the order of first sends')
        lastOrder = known.order
      }
      const order = this.#nextOrder++
      this.#known.set(packetId, { text: text ?? '', order, released: phase === 'pubrel' })
    }
  }

  #checkQoS0(dup: boolean, packetId: number): void {
    assert(!dup, 'DUP is 0 at QoS 0')
    assert.equal(packetId, 0, 'no packet id at QoS 0')
    this.sentQoS0++
  }

  #checkWithId(text: string, dup: boolean, packetId: number): void {
    assert(packetId >= 1 && packetId <= 65535, 'a packet id is 1 … 65535')
    const known = this.#known.get(packetId)
    if (dup) {
      assert(known !== undefined, `a resend of ${text} has the id of its first send`)
      assert.equal(text, known.text, `id ${packetId} is resent with its own message`)
      assert(!known.released, `PUBLISH ${packetId} is not resent behind its PUBREC`)
      assert(known.order > this.#resentOrder, 'resends are in the order of first sends')
      this.#resentOrder = known.order
    } else {
      assert.equal(known, undefined, `id ${packetId} is not in use`)
      this.#known.set(packetId, { text, order: this.#nextOrder++, released: false })
    }
    this.#unfinished.add(packetId)
    assert(this.#unfinished.size <= this.unfinishedMax, 'never beyond the receive maximum')
  }

  #checkOrder(topic: string, qos: QoS, text: string): void {
    const key = `${topic} ${qos}`
    const number = Number.parseInt(text.slice(text.indexOf('-') + 1), 10)
    const last = this.#lastFirst.get(key) ?? -1
    assert(number > last || (number === last && topic === 'run'), `${text} is in order on ${key}`)
    this.#lastFirst.set(key, number)
  }
}
