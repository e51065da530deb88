import type { SessionKey, SessionState, SessionWriter, StoreBatch } from '../../broker/ports.ts'
import type { Message } from '../../mqtt/message.ts'
import { type Change, ChangeList } from '../../session/changes.ts'
import type { SessionSnapshot } from '../../session/snapshot.ts'

/** One call of `SessionWriter` as data. */
export type SessionRecord =
  | Change
  | { readonly type: 'began'; readonly state: SessionState }
  | { readonly type: 'changed'; readonly state: SessionState }
  | { readonly type: 'ended' }
  | {
      readonly type: 'snapshot'
      readonly state: SessionState
      readonly snapshot: SessionSnapshot
    }

/** Records as data, in their order, until the store applies them. */
export class MemoryBatch implements StoreBatch {
  readonly number: number
  readonly sessions: MemoryWriter[] = []
  /** By topic; undefined where it was cleared. */
  readonly retained: [topic: string, message: Message | undefined][] = []
  settledBelow = 0
  /** Whether the store holds it already. */
  isApplied = false

  constructor(number: number) {
    this.number = number
  }

  get size(): number {
    let size = this.retained.length
    for (const { records } of this.sessions) size += records.length
    return size
  }

  session(key: SessionKey): SessionWriter {
    const writer = new MemoryWriter(key)
    this.sessions.push(writer)
    return writer
  }

  retainedSet(message: Message): void {
    this.retained.push([message.topic, message.keep()])
  }

  retainedCleared(topic: string): void {
    this.retained.push([topic, undefined])
  }
}

export class MemoryWriter extends ChangeList<SessionRecord> implements SessionWriter {
  readonly key: SessionKey

  constructor(key: SessionKey) {
    super()
    this.key = key
  }

  began(state: SessionState): void {
    this.records.push({ type: 'began', state: keep(state) })
  }

  changed(state: SessionState): void {
    this.records.push({ type: 'changed', state: keep(state) })
  }

  ended(): void {
    this.records.push({ type: 'ended' })
  }

  snapshot(state: SessionState, snapshot: SessionSnapshot): void {
    this.records.push({ type: 'snapshot', state: keep(state), snapshot })
  }
}

function keep(state: SessionState): SessionState {
  state.will?.message.keep()
  return state
}
