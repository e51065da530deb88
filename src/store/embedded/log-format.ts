import { crc32 } from 'node:zlib'

/*
 * A log file begins with a block of its own:
 *
 *     magic 4 │ checksum 4 │ number of the last batch before it 8 │ zeros to 512
 *
 * Then one batch follows the other:
 *
 *     magic 4 │ checksum 4 │ length 4 │ number 8 │ number before 8 │ store time 8 │ wall 8 │ records
 *
 * The checksum covers what follows it, the length counts the records' bytes. Numbers grow, with gaps:
 * a batch says which one it follows.
 */

/** `mqf1` and `mqb1`, little-endian. */
const fileMagic = 0x3166716d
const magic = 0x3162716d
/** Where the first batch of a file begins. */
export const blockSize = 512
export const headerSize = 44
const checkedFrom = 8

/** The block with which a file begins whose first batch will follow this one. */
export function fileBlock(lastNumber: number): Buffer {
  const block = Buffer.alloc(blockSize)
  block.writeUInt32LE(fileMagic, 0)
  block.writeDoubleLE(lastNumber, 8)
  block.writeUInt32LE(crc32(block.subarray(checkedFrom)), 4)
  return block
}

/** The number of the last batch before a file; undefined where its block is damaged. */
export function readFileBlock(bytes: Buffer): number | undefined {
  if (bytes.length < blockSize || bytes.readUInt32LE(0) !== fileMagic) return undefined
  const isWhole = crc32(bytes.subarray(checkedFrom, blockSize)) === bytes.readUInt32LE(4)
  return isWhole ? bytes.readDoubleLE(8) : undefined
}

/** A batch as it stands in a log. */
export interface LogBatch {
  readonly number: number
  /** The number of the batch before it. */
  readonly previous: number
  /** Of the store's clock, ms. */
  readonly storeTime: number
  /** Milliseconds since 1970. */
  readonly wallMs: number
  /** Its records are `bytes[start … end)`. */
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

/** Fills in the header of a batch whose records begin at `headerSize` and end with the bytes. */
export function sealBatch(
  bytes: Buffer,
  number: number,
  previous: number,
  storeTime: number,
  wallMs: number,
): void {
  bytes.writeUInt32LE(magic, 0)
  bytes.writeUInt32LE(bytes.length - headerSize, 8)
  bytes.writeDoubleLE(number, 12)
  bytes.writeDoubleLE(previous, 20)
  bytes.writeDoubleLE(storeTime, 28)
  bytes.writeDoubleLE(wallMs, 36)
  bytes.writeUInt32LE(crc32(bytes.subarray(checkedFrom)), 4)
}

/** The batch that stands at `at`; undefined when there is none, or not all of it. */
export function readBatch(bytes: Buffer, at: number): LogBatch | undefined {
  const start = at + headerSize
  if (start > bytes.length || bytes.readUInt32LE(at) !== magic) return undefined
  const end = start + bytes.readUInt32LE(at + 8)
  if (end > bytes.length) return undefined
  if (crc32(bytes.subarray(at + checkedFrom, end)) !== bytes.readUInt32LE(at + 4)) return undefined
  return {
    number: bytes.readDoubleLE(at + 12),
    previous: bytes.readDoubleLE(at + 20),
    storeTime: bytes.readDoubleLE(at + 28),
    wallMs: bytes.readDoubleLE(at + 36),
    bytes,
    start,
    end,
  }
}

/** The first whole batch behind `at` whose number is above `number`; undefined when there is none. */
export function findBatchAbove(bytes: Buffer, at: number, number: number): LogBatch | undefined {
  const pattern = Buffer.alloc(4)
  pattern.writeUInt32LE(magic)
  for (let from = bytes.indexOf(pattern, at); from >= 0; from = bytes.indexOf(pattern, from + 1)) {
    const batch = readBatch(bytes, from)
    if (batch !== undefined && batch.number > number) return batch
  }
  return undefined
}
