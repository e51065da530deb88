import type { Packet } from 'mqtt-packet'
import { Violation } from './trace.ts'

/**
 * What must be true of the packets that come in over one connection, whoever the client is. It
 * sees everything the client sends, too, for most rules are about both.
 */
export class WireWatch {
  readonly #name: string
  readonly #version: number
  /** The most QoS 1 and 2 messages that may be unfinished. */
  readonly #receiveMaximum: number
  /** Answers that must come, in this order. */
  readonly #awaited: string[] = []
  /** Ids of messages from the broker that this connection has seen and not finished. */
  readonly #unfinished = new Set<number>()
  #state: 'connecting' | 'open' | 'ended' = 'connecting'

  constructor(name: string, version: number, receiveMaximum: number) {
    this.#name = name
    this.#version = version
    this.#receiveMaximum = receiveMaximum
  }

  /** Nothing that the broker must answer is unanswered. */
  get isQuiet(): boolean {
    return this.#awaited.length === 0 && this.#unfinished.size === 0
  }

  /** The client sends something that is answered by this: `puback 7`. */
  awaits(answer: string): void {
    this.#awaited.push(answer)
  }

  /** The client has finished a message of the broker. */
  finished(packetId: number): void {
    this.#unfinished.delete(packetId)
  }

  /** Throws: Violation. */
  received(packet: Packet): void {
    if (this.#state === 'ended') this.#fail(`${packet.cmd} after DISCONNECT`)
    if ((packet.cmd === 'connack') !== (this.#state === 'connecting')) {
      this.#fail(`${packet.cmd} while ${this.#state}`)
    }
    switch (packet.cmd) {
      case 'connack':
        this.#state = 'open'
        break
      case 'disconnect':
        if (this.#version < 5) this.#fail('DISCONNECT to an MQTT 3 client')
        this.#state = 'ended'
        break
      case 'publish':
        if (packet.qos > 0) this.#receivedWithId(packet.messageId ?? 0, packet.dup)
        else if (packet.dup) this.#fail('QoS 0 with DUP')
        break
      case 'puback':
      case 'pubrec':
      case 'pubcomp':
      case 'suback':
      case 'unsuback':
      case 'pingresp':
        if (packet.cmd !== 'pingresp') this.#receivedAnswer(`${packet.cmd} ${packet.messageId}`)
        break
      case 'pubrel':
        if (packet.messageId === undefined) this.#fail('PUBREL without an id')
        break
      default:
        this.#fail(`${packet.cmd} from a broker`)
    }
  }

  #receivedWithId(packetId: number, _dup: boolean): void {
    if (packetId === 0) this.#fail('PUBLISH with packet id 0')
    if (this.#unfinished.has(packetId)) {
      this.#fail(`PUBLISH ${packetId} again on one connection, while it is unfinished`)
    }
    this.#unfinished.add(packetId)
    if (this.#unfinished.size > this.#receiveMaximum) {
      this.#fail(`${this.#unfinished.size} messages unfinished, of ${this.#receiveMaximum}`)
    }
  }

  #receivedAnswer(answer: string): void {
    const head = this.#awaited.shift()
    if (head !== answer) this.#fail(`${answer}, while it waits for ${head ?? 'nothing'}`)
  }

  #fail(what: string): never {
    throw new Violation(`${this.#name} was sent ${what}`)
  }
}
