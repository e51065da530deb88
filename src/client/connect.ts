import type { QoS } from '../mqtt/subscription.ts'
import {
  binary,
  type ClientVersion,
  fourBytes,
  packet,
  properties,
  property,
  text,
  twoBytes,
} from './fields.ts'

/** What CONNECT says. What MQTT 3.1.1 has no word for is left out there. */
export interface ConnectOptions {
  readonly version: ClientVersion
  readonly clientId: string
  /** Clean Start of MQTT 5, Clean Session of 3.1.1. */
  readonly cleanStart: boolean
  /** Seconds; none (0) when it is left out. */
  readonly keepAlive?: number
  /** Seconds that the session outlives the connection; MQTT 5 only. */
  readonly sessionExpiry?: number
  /** QoS 1 and 2 messages that the server may leave unfinished; MQTT 5 only. */
  readonly receiveMaximum?: number
  readonly will?: WillOptions
  readonly username?: string
  readonly password?: Uint8Array
}

export interface WillOptions {
  readonly topic: string
  readonly payload: Uint8Array
  readonly qos: QoS
  readonly retain: boolean
  /** Seconds; MQTT 5 only. */
  readonly delay?: number
}

const sessionExpiryInterval = 0x11
const willDelayInterval = 0x18
const receiveMaximum = 0x21

/** Encodes CONNECT; nothing is checked, for tools also say what is wrong. [MQTT-3.1.2-1…29] */
export function encodeConnect(options: ConnectOptions): Buffer {
  const { version, clientId, will, username, password } = options
  const parts: Uint8Array[] = [
    text('MQTT'),
    Buffer.from([version, connectFlags(options)]),
    twoBytes(options.keepAlive ?? 0),
    properties(version, connectProperties(options)),
    text(clientId),
  ]
  if (will !== undefined) parts.push(willParts(version, will))
  if (username !== undefined) parts.push(text(username))
  if (password !== undefined) parts.push(binary(password))
  return packet(0x10, parts)
}

function connectFlags({ cleanStart, will, username, password }: ConnectOptions): number {
  let flags = cleanStart ? 0x02 : 0
  if (will !== undefined) flags |= 0x04 | (will.qos << 3) | (will.retain ? 0x20 : 0)
  if (password !== undefined) flags |= 0x40
  if (username !== undefined) flags |= 0x80
  return flags
}

function connectProperties(options: ConnectOptions): Uint8Array[] {
  const list: Uint8Array[] = []
  if (options.sessionExpiry !== undefined) {
    list.push(property(sessionExpiryInterval, fourBytes(options.sessionExpiry)))
  }
  if (options.receiveMaximum !== undefined) {
    list.push(property(receiveMaximum, twoBytes(options.receiveMaximum)))
  }
  return list
}

function willParts(version: ClientVersion, will: WillOptions): Buffer {
  const list = will.delay === undefined ? [] : [property(willDelayInterval, fourBytes(will.delay))]
  return Buffer.concat([properties(version, list), text(will.topic), binary(will.payload)])
}
