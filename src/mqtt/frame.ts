/** Which of the two layouts of PUBLISH a frame has: without properties (3.1, 3.1.1) or with (5.0). */
export type WireShape = 3 | 5

/**
 * One or several whole PUBLISH packets as a byte range. `wire` makes frames, session and broker
 * pass them on, only the transport reads the bytes.
 *
 * All packets of a frame have the same fixed header, topic and shape and, when there are several,
 * are QoS 0 without properties. A frame out of a socket's chunk pins that chunk: what outlives the
 * turn of the event loop is copied first (`owned`).
 */
export class Frame {
  readonly shape: WireShape
  readonly bytes: Buffer
  /** First byte of the fixed header, and the byte behind the last packet. */
  readonly start: number
  readonly end: number
  /** Packets in the range, at least 1. */
  readonly count: number
  /** Where the packet identifier's two bytes are, −1 where there is none (QoS 0). */
  readonly idAt: number
  /** First byte of the properties (behind their length); equals `propertiesEnd` when there are none. */
  readonly propertiesAt: number
  readonly propertiesEnd: number
  /** First byte of the payload of the first packet. It ends at `end` when `count` is 1. */
  readonly payloadAt: number
  /** Whether the bytes belong to this frame rather than to a socket's chunk. */
  readonly owned: boolean

  constructor(
    shape: WireShape,
    bytes: Buffer,
    start: number,
    end: number,
    count: number,
    idAt: number,
    propertiesAt: number,
    propertiesEnd: number,
    payloadAt: number,
    owned: boolean,
  ) {
    this.shape = shape
    this.bytes = bytes
    this.start = start
    this.end = end
    this.count = count
    this.idAt = idAt
    this.propertiesAt = propertiesAt
    this.propertiesEnd = propertiesEnd
    this.payloadAt = payloadAt
    this.owned = owned
  }

  /** Bytes in the range. */
  get size(): number {
    return this.end - this.start
  }

  /** Bytes of all its payloads. */
  get payloadSize(): number {
    return this.size - this.count * (this.payloadAt - this.start)
  }

  /** The same frame over bytes of its own. */
  copy(): Frame {
    if (this.owned) return this
    const by = -this.start
    const bytes = Buffer.allocUnsafe(this.size)
    this.bytes.copy(bytes, 0, this.start, this.end)
    return new Frame(
      this.shape,
      bytes,
      0,
      this.size,
      this.count,
      this.idAt < 0 ? -1 : this.idAt + by,
      this.propertiesAt + by,
      this.propertiesEnd + by,
      this.payloadAt + by,
      true,
    )
  }
}
