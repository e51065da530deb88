import type { LaneKey } from '../../session/lane.ts'
import { blobIdSize } from './shared-messages.ts'

/*
 * The keys of the database; numbers have their highest byte first, so that they sort as they count.
 *
 *     s generation               a session, but for what waits
 *     p generation lane last id… a page of a lane, by the sequence of its last entry, and the
 *                                messages that it refers to
 *     b id                       a message that several pages refer to
 *     u id generation lane last  one of these pages
 *     d id                       such a message, which perhaps no page refers to
 *     l generation lane          up to where pages of a lane reach
 *     r topic                    a retained message
 *     x generation               a session that has ended, and whose pages are being removed
 */

/** Without what it refers to. */
const pageKeySize = 21

export const Prefix = {
  session: 0x73,
  page: 0x70,
  blob: 0x62,
  blobUse: 0x75,
  doubt: 0x64,
  lane: 0x6c,
  retained: 0x72,
  ended: 0x78,
} as const
export type Prefix = (typeof Prefix)[keyof typeof Prefix]

export function sessionKey(prefix: Prefix, generation: number): Buffer {
  const key = Buffer.allocUnsafe(9)
  key[0] = prefix
  writeNumber(key, generation, 1)
  return key
}

export function laneKey(generation: number, lane: LaneKey): Buffer {
  return ofLane(Prefix.lane, generation, lane, 13)
}

/** Which page of all. */
export interface PagePlace {
  readonly generation: number
  readonly lane: LaneKey
  /** The sequence of its last entry. */
  readonly last: number
}

export function pageKey({ generation, lane, last }: PagePlace, blobs: readonly Buffer[]): Buffer {
  const key = ofLane(Prefix.page, generation, lane, pageKeySize + blobs.length * blobIdSize)
  writeNumber(key, last, 13)
  for (const [i, id] of blobs.entries()) key.set(id, pageKeySize + i * blobIdSize)
  return key
}

export function pagePlaceOf(key: Buffer): PagePlace {
  return { generation: readNumber(key, 1), lane: key.readUInt32BE(9), last: readNumber(key, 13) }
}

/** The ids of the messages that a page refers to. */
export function blobsOfPage(key: Buffer): Buffer[] {
  const ids: Buffer[] = []
  for (let at = pageKeySize; at < key.length; at += blobIdSize) {
    ids.push(key.subarray(at, at + blobIdSize))
  }
  return ids
}

export function blobKey(prefix: Prefix, id: Buffer): Buffer {
  const key = Buffer.allocUnsafe(1 + blobIdSize)
  key[0] = prefix
  key.set(id, 1)
  return key
}

export function blobOf(key: Buffer): Buffer {
  return key.subarray(1, 1 + blobIdSize)
}

export function blobUseKey(id: Buffer, { generation, lane, last }: PagePlace): Buffer {
  const key = Buffer.allocUnsafe(1 + blobIdSize + pageKeySize - 1)
  key[0] = Prefix.blobUse
  key.set(id, 1)
  writeNumber(key, generation, 1 + blobIdSize)
  key.writeUInt32BE(lane, 9 + blobIdSize)
  writeNumber(key, last, 13 + blobIdSize)
  return key
}

export function retainedKey(topic: string): Buffer {
  const key = Buffer.allocUnsafe(1 + Buffer.byteLength(topic))
  key[0] = Prefix.retained
  key.write(topic, 1)
  return key
}

export function generationOf(key: Buffer): number {
  return readNumber(key, 1)
}

/** The range of all keys that begin with a prefix, or with a whole key. */
export function rangeOf(from: Buffer | Prefix): { gte: Buffer; lt: Buffer } {
  const gte = typeof from === 'number' ? Buffer.from([from]) : from
  const lt = Buffer.from(gte)
  for (let i = lt.length - 1; i >= 0; i--) {
    if ((lt[i] as number) < 0xff) {
      ;(lt[i] as number)++
      return { gte, lt: lt.subarray(0, i + 1) }
    }
  }
  return { gte, lt: Buffer.from([0xff]) }
}

/** The range of a lane's pages. */
export function pagesOf(generation: number, lane: LaneKey): { gte: Buffer; lt: Buffer } {
  return rangeOf(ofLane(Prefix.page, generation, lane, 13))
}

function ofLane(prefix: Prefix, generation: number, lane: LaneKey, size: number): Buffer {
  const key = Buffer.allocUnsafe(size)
  key[0] = prefix
  writeNumber(key, generation, 1)
  key.writeUInt32BE(lane, 9)
  return key
}

function writeNumber(key: Buffer, value: number, at: number): void {
  key.writeUInt32BE(Math.floor(value / 2 ** 32), at)
  key.writeUInt32BE(value % 2 ** 32, at + 4)
}

function readNumber(key: Buffer, at: number): number {
  return key.readUInt32BE(at) * 2 ** 32 + key.readUInt32BE(at + 4)
}
