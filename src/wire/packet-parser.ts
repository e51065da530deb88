import mqttPacket, { type Packet, type Parser } from 'mqtt-packet'
import type { ProtocolVersion } from '../mqtt/packets.ts'
import { Refusal } from '../mqtt/refusal.ts'
import { malformed } from './refuse.ts'

/** mqtt-packet takes what it reads of CONNECT, its password too, as the settings of what follows. */
type ReusableParser = Parser & { settings: object }

/**
 * Reads one whole packet after another with mqtt-packet, all of one protocol version. Making one of
 * its parsers costs as much as reading a CONNECT, so one is kept for as long as it meets no error:
 * then it forgets its state, and the next packet gets a new one.
 */
export class PacketParser {
  readonly #settings: object
  #parser: ReusableParser | undefined
  #result: Packet | Refusal | undefined

  constructor(version: ProtocolVersion) {
    this.#settings = { protocolVersion: version }
  }

  /** `bytes` is one packet and nothing else. Refuses: MalformedPacket. */
  parse(bytes: Buffer): Packet | Refusal {
    const parser = this.#parser ?? this.#create()
    this.#parser = undefined
    const result = this.#read(parser, bytes)
    if (!(result instanceof Refusal)) this.#parser = parser
    return result
  }

  #read(parser: ReusableParser, bytes: Buffer): Packet | Refusal {
    try {
      const left = parser.parse(bytes)
      parser.settings = this.#settings
      const result = this.#takeResult()
      if (result !== undefined && left === 0) return result
      return result instanceof Refusal ? result : malformed('a packet of another length')
    } catch (error) {
      this.#takeResult()
      return malformed(`a packet that cannot be read: ${(error as Error).message}`)
    }
  }

  #takeResult(): Packet | Refusal | undefined {
    const result = this.#result
    this.#result = undefined
    return result
  }

  #create(): ReusableParser {
    const parser = mqttPacket.parser(this.#settings) as ReusableParser
    parser.on('packet', (packet) => {
      this.#result ??= packet
    })
    parser.on('error', (error: Error) => {
      this.#result = malformed(error.message)
    })
    return parser
  }
}
