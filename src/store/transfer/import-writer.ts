import type { SessionWriter, Store, StoreBatch } from '../../broker/ports.ts'
import type { Message } from '../../mqtt/message.ts'
import type { SubscriptionOptions } from '../../mqtt/subscription.ts'
import type { QueuedEntry } from '../../session/lane.ts'
import type { SlotSnapshot } from '../../session/snapshot.ts'
import { ImportRefused } from './errors.ts'
import { ImportedSession } from './imported-session.ts'
import type { StoreUpkeep } from './ports.ts'
import type { ExportHandler } from './read-export.ts'
import type { LaneLine, SessionLine } from './read-lines.ts'

/** What one batch holds at most, but for a single large record. */
const batchBytes = 1024 * 1024
const batchRecords = 2000
/** Bytes that may wait to find their place in the store before the import waits for them. */
const unsettledBytesMax = 16 * 1024 * 1024

/**
 * Writes what an export has into an empty store that is open, in batches of bounded size. A session
 * ends with its snapshot, and has others before where the store wants them: so it may settle what
 * was committed while a long queue goes on.
 */
export class ImportWriter implements ExportHandler {
  readonly #store: Store & StoreUpkeep
  #number = 0
  #batch: StoreBatch | undefined
  #bytes = 0
  #session: ImportedSession | undefined
  /** The first batch with records of the session that no snapshot has. */
  #since = 0
  /** Where records of the session go in the batch that is open. */
  #writer: SessionWriter | undefined

  constructor(store: Store & StoreUpkeep) {
    this.#store = store
  }

  /** Whether something is in the store by now. */
  get hasCommitted(): boolean {
    return this.#number > 0
  }

  get isFull(): boolean {
    return this.#bytes >= batchBytes || (this.#batch?.size ?? 0) >= batchRecords
  }

  session(line: SessionLine): void {
    this.#endSession()
    const { clientId, generation } = line.key
    // Of a session that was here before, ends may still be told: no generation is used twice.
    const key = { clientId, generation: this.#store.lastGeneration + generation }
    this.#session = new ImportedSession({ ...line, key })
    this.#open().began(line.state)
    this.#since = this.#number
    this.#bytes += line.state.will?.message.cost ?? 0
  }

  subscription(filter: string, options: SubscriptionOptions): void {
    this.#session?.subscription(this.#open(), filter, options)
    this.#bytes += filter.length
  }

  slot(slot: SlotSnapshot): void {
    this.#session?.slot(this.#open(), slot)
    if (slot.phase === 'publish') this.#bytes += slot.message.cost
  }

  awaitingRel(packetId: number, receivedAt: number): void {
    this.#session?.awaitingRel(this.#open(), packetId, receivedAt)
  }

  lane(line: LaneLine): void {
    this.#session?.lane(this.#open(), line)
  }

  queued(entry: QueuedEntry): void {
    this.#session?.queued(this.#open(), entry)
    this.#bytes += entry.message.cost
  }

  retained(message: Message): void {
    this.#endSession()
    this.#openBatch().retainedSet(message)
    this.#bytes += message.cost
  }

  /** Commits what there is. Rejects: ImportRefused, or what the store rejects with. */
  async makeRoom(): Promise<void> {
    this.#endPart()
    const batch = this.#batch
    if (batch === undefined) return
    batch.settledBelow = this.#session === undefined ? batch.number + 1 : this.#since
    this.#batch = undefined
    this.#writer = undefined
    this.#bytes = 0
    await this.#store.commit(batch)
    if (this.#store.isFull) {
      throw new ImportRefused('store.max_bytes is reached; wanted: a higher limit, or none')
    }
    if (this.#store.unsettledBytes > unsettledBytesMax) await this.#store.settle?.()
  }

  /** The export is at its end: all of it is safe, and has its place, when this resolves. */
  async finish(): Promise<void> {
    this.#endSession()
    await this.makeRoom()
    await this.#store.settle?.()
  }

  /** The session goes on in the next batch. */
  #endPart(): void {
    if (this.#session === undefined) return
    this.#session.endBatch(this.#open())
    if (this.#since >= this.#store.snapshotsWantedBelow) return
    this.#session.snapshot(this.#open())
    this.#since = this.#number + 1
  }

  #endSession(): void {
    this.#session?.end(this.#open())
    this.#session = undefined
    this.#writer = undefined
  }

  /** Where records of the session go now. */
  #open(): SessionWriter {
    const { key } = this.#session as ImportedSession
    this.#writer ??= this.#openBatch().session(key)
    return this.#writer
  }

  #openBatch(): StoreBatch {
    this.#batch ??= this.#store.newBatch(++this.#number)
    return this.#batch
  }
}
