import type { ServerPacketHandler } from '../../src/client/ports.ts'
import type { AckType } from '../../src/mqtt/packets.ts'

/** Notes what a server sent, each packet as a list of what matters in it. */
export class Recorder implements ServerPacketHandler {
  readonly events: unknown[][] = []

  onConnack(sessionPresent: boolean, code: number, receiveMaximum: number): void {
    this.events.push(['connack', sessionPresent, code, receiveMaximum])
  }

  onPublish(
    bytes: Buffer,
    topicAt: number,
    topicEnd: number,
    payloadAt: number,
    payloadEnd: number,
    packetId: number,
    flags: number,
  ): void {
    const topic = bytes.toString('utf8', topicAt, topicEnd)
    const payload = bytes.toString('utf8', payloadAt, payloadEnd)
    this.events.push(['publish', topic, payload, packetId, flags])
  }

  onAck(type: AckType, packetId: number, code: number): void {
    this.events.push(['ack', type, packetId, code])
  }

  onSuback(packetId: number, codes: Uint8Array): void {
    this.events.push(['suback', packetId, ...codes])
  }

  onUnsuback(packetId: number, codes: Uint8Array): void {
    this.events.push(['unsuback', packetId, ...codes])
  }

  onPingresp(): void {
    this.events.push(['pingresp'])
  }

  onDisconnect(code: number): void {
    this.events.push(['disconnect', code])
  }

  onIllFormed(because: string): void {
    this.events.push(['ill-formed', because])
  }
}
