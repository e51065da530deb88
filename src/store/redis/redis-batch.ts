import type { SessionKey, SessionWriter, StoreBatch } from '../../broker/ports.ts'
import type { Message } from '../../mqtt/message.ts'
import { writeMessage } from '../codec/message-codec.ts'
import { OpsWriter } from './ops-writer.ts'
import { SealedBatch } from './sealed-batch.ts'
import { type BatchParts, RedisSessionWriter } from './session-writer.ts'

/** The place of the retained messages among the keys of `writeShared`. */
const retainedPlace = 3

/** Memory in which batches are written, one at a time. */
const sessionOps = new OpsWriter()
const sharedOps = new OpsWriter()

/**
 * The records of one batch as commands on the keys of each session. One batch is written at a time, and
 * sealed before the next one begins.
 */
export class RedisBatch implements StoreBatch {
  readonly number: number
  settledBelow = 0
  readonly #parts: BatchParts
  readonly #writer: RedisSessionWriter
  #sealed: SealedBatch | undefined
  #retainedSize = 0

  constructor(number: number, parts: BatchParts) {
    this.number = number
    this.#parts = parts
    sessionOps.reset()
    sharedOps.reset()
    sharedOps.begin()
    this.#writer = new RedisSessionWriter(parts, sessionOps, sharedOps)
  }

  get size(): number {
    return this.#writer.size + this.#retainedSize
  }

  /** The batch as it goes to Redis; nothing can be recorded any more. */
  seal(): SealedBatch {
    if (this.#sealed !== undefined) return this.#sealed
    const { keys, epoch } = this.#parts
    const sessions = this.#writer.end()
    const bytes = sessionOps.bytes.copyFrom(0)
    const isShared = !sharedOps.isEmpty
    sharedOps.end()
    const shared = isShared ? sharedOps.bytes.copyFrom(0) : undefined
    this.#sealed = new SealedBatch(keys, epoch, sessions, bytes, shared)
    return this.#sealed
  }

  session(key: SessionKey): SessionWriter {
    this.#writer.turnTo(key)
    return this.#writer
  }

  retainedSet(message: Message): void {
    this.#retainedSize++
    sharedOps.command('HSET', retainedPlace, 2)
    sharedOps.text(message.topic)
    sharedOps.textBegin()
    writeMessage(sharedOps.bytes, message, this.#parts.offset)
    sharedOps.textEnd()
  }

  retainedCleared(topic: string): void {
    this.#retainedSize++
    sharedOps.command('HDEL', retainedPlace, 1)
    sharedOps.text(topic)
  }
}
