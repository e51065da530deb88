import { type Packet, parser } from 'mqtt-packet'

/** One packet from the broker. `packet` is undefined where mqtt-packet could not read the bytes. */
export interface Received {
  readonly packet: Packet | undefined
  /** The packet's own bytes, fixed header included. */
  readonly bytes: Buffer
  readonly error: Error | undefined
}

/**
 * Cuts a stream of bytes into packets and has mqtt-packet read each: the other implementation's
 * opinion on what the broker writes. The bytes are kept, for what mqtt-packet does not tell (the
 * order of user properties, flags, lengths).
 */
export class PacketReader {
  readonly #version: number
  #rest: Buffer = Buffer.alloc(0)

  constructor(version: 3 | 4 | 5) {
    this.#version = version
  }

  read(chunk: Buffer): Received[] {
    this.#rest = Buffer.concat([this.#rest, chunk])
    const received: Received[] = []
    for (;;) {
      const length = wholeLength(this.#rest)
      if (length === undefined || length > this.#rest.length) return received
      received.push(this.#parse(Buffer.from(this.#rest.subarray(0, length))))
      this.#rest = this.#rest.subarray(length)
    }
  }

  #parse(bytes: Buffer): Received {
    let packet: Packet | undefined
    let error: Error | undefined
    const reader = parser({ protocolVersion: this.#version })
    reader.on('packet', (read: Packet) => {
      packet = read
    })
    reader.on('error', (problem: Error) => {
      error = problem
    })
    reader.parse(bytes)
    return { packet, bytes, error }
  }
}

/** Bytes of the packet at the start, header included; undefined while its length is incomplete. */
function wholeLength(bytes: Buffer): number | undefined {
  let length = 0
  for (let i = 1; i <= 4; i++) {
    const byte = bytes[i]
    if (byte === undefined) return undefined
    length += (byte & 0x7f) * 128 ** (i - 1)
    if (byte < 0x80) return 1 + i + length
  }
  throw new Error('the broker sent a remaining length of more than four bytes')
}
