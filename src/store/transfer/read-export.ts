import { LineSplitter } from '../../base/line-splitter.ts'
import type { Message } from '../../mqtt/message.ts'
import type { SubscriptionOptions } from '../../mqtt/subscription.ts'
import type { QueuedEntry } from '../../session/lane.ts'
import type { SlotSnapshot } from '../../session/snapshot.ts'
import { ExportReader } from './export-reader.ts'
import { type ExportCounts, type ExportHeader, type ExportTime, lineBytesMax } from './format.ts'
import type { MakeMessage } from './ports.ts'
import type { LaneLine, SessionLine } from './read-lines.ts'

/** Told what stands in an export, line by line, each checked by itself and against those before it. */
export interface ExportHandler {
  /** What follows, up to the next one, is of this session. */
  session(line: SessionLine): void
  subscription(filter: string, options: SubscriptionOptions): void
  slot(slot: SlotSnapshot): void
  awaitingRel(packetId: number, receivedAt: number): void
  /** The queued ones that follow are in this lane. */
  lane(line: LaneLine): void
  queued(entry: QueuedEntry): void
  retained(message: Message): void
  /** Whether it has enough to do: then `makeRoom` is waited for before it is told more. */
  readonly isFull: boolean
  makeRoom(): Promise<void>
}

/** What reading an export needs besides the export. */
export interface ReadParts {
  /** What faults are reported under, such as the name of the file. */
  readonly name: string
  readonly timeOf: (header: ExportHeader) => ExportTime
  readonly makeMessage: MakeMessage
  /** Its reason is what reading rejects with. */
  readonly signal: AbortSignal
}

/**
 * Reads a whole export. Answers what was in it, which is what its trailer says. Rejects:
 * ExportDamaged, with the line and the field; what the source or the handler rejects with.
 */
export async function readExport(
  source: AsyncIterable<Buffer>,
  parts: ReadParts,
  to: ExportHandler,
): Promise<ExportCounts> {
  const reader = new ExportReader(parts, to)
  const splitter = new LineSplitter(lineBytesMax)
  for await (const bytes of source) {
    for (const line of splitter.push(bytes)) {
      reader.take(line)
      if (to.isFull) await to.makeRoom()
      parts.signal.throwIfAborted()
    }
    if (splitter.isTooLong) reader.refuseLine(`is longer than ${lineBytesMax} bytes`)
  }
  const rest = splitter.rest()
  if (rest !== undefined) reader.take(rest)
  return reader.finish()
}
