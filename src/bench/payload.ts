/**
 * What every payload begins with: the number of its stream, the message's number in the stream, and
 * when it was sent in µs, as four bytes each, the highest first. The rest is filler.
 */
export const payloadSizeMin = 12

/** Microseconds of a monotonic clock, modulo 2³², from its milliseconds. */
export function microseconds(ms: number): number {
  return Math.trunc(ms * 1000) >>> 0
}

/** Microseconds from one reading of the clock to a later one, over an overflow too. */
export function elapsedUs(fromUs: number, toUs: number): number {
  return (toUs - fromUs) >>> 0
}

/** Writes a payload's beginning. */
export function stampPayload(
  bytes: Uint8Array,
  at: number,
  stream: number,
  sequence: number,
  sentUs: number,
): void {
  // hot: once a message.
  writeWord(bytes, at, stream)
  writeWord(bytes, at + 4, sequence)
  writeWord(bytes, at + 8, sentUs)
}

/** One of the three numbers: at 0 the stream, at 4 the sequence, at 8 the time. */
export function readWord(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  )
}

function writeWord(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}
