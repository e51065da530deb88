import type { SeededRandom } from '../../src/base/random.ts'

/** Bytes that often mean something: edges of lengths, of UTF-8, wildcards, separators. */
const telling = [0, 1, 2, 3, 0x10, 0x23, 0x24, 0x2b, 0x2f, 0x30, 0x32, 0x7f, 0x80, 0xc0, 0xef, 0xff]

/** A packet with one to four damages: bytes changed, cut out, put in, repeated, spliced, cut off. */
export function mutate(bytes: Buffer, other: Buffer, random: SeededRandom): Buffer {
  let result = Buffer.from(bytes)
  const times = 1 + random.below(4)
  for (let i = 0; i < times && result.length > 1; i++) result = mutateOnce(result, other, random)
  return random.below(3) === 0 ? withRightLength(result) : result
}

function mutateOnce(
  bytes: Buffer<ArrayBuffer>,
  other: Buffer,
  random: SeededRandom,
): Buffer<ArrayBuffer> {
  const at = random.below(bytes.length)
  const until = at + 1 + random.below(Math.min(8, bytes.length - at))
  switch (random.below(10)) {
    case 0:
      bytes[at] = random.below(256)
      return bytes
    case 1:
      bytes[at] = telling[random.below(telling.length)] as number
      return bytes
    case 2:
      bytes[at] = (bytes[at] as number) ^ (1 << random.below(8))
      return bytes
    case 3:
      bytes[at] = ((bytes[at] as number) + (random.below(2) === 0 ? 1 : 255)) & 0xff
      return bytes
    case 4:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(until)])
    case 5:
      return Buffer.concat([bytes.subarray(0, until), bytes.subarray(at)])
    case 6: {
      const from = random.below(other.length)
      const piece = other.subarray(from, from + 1 + random.below(12))
      return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)])
    }
    case 7:
      return Buffer.concat([bytes, other])
    case 8:
      return Buffer.concat(new Array(2 + random.below(3)).fill(bytes))
    default:
      return Buffer.from(bytes.subarray(0, Math.max(1, at)))
  }
}

/** The same with the remaining length that its body has, so that damage reaches the inner rules. */
function withRightLength(bytes: Buffer): Buffer {
  let bodyAt = 1
  while (bodyAt < Math.min(bytes.length, 5) && (bytes[bodyAt] as number) > 0x7f) bodyAt++
  const body = bytes.subarray(bodyAt + 1)
  const length: number[] = []
  let left = body.length
  do {
    length.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0))
    left >>>= 7
  } while (left > 0)
  return Buffer.concat([Buffer.from([bytes[0] as number, ...length]), body])
}
