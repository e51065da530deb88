import type { SessionKey, SessionState, StoreBatch } from '../../broker/ports.ts'
import type { Message } from '../../mqtt/message.ts'
import type { Change } from '../../session/changes.ts'
import type { SessionSnapshot } from '../../session/snapshot.ts'

/** One call of `StoreBatch` as data. */
export type StoreRecord =
  | { readonly type: 'sessionBegan'; readonly key: SessionKey; readonly state: SessionState }
  | { readonly type: 'sessionChanged'; readonly key: SessionKey; readonly state: SessionState }
  | { readonly type: 'sessionEnded'; readonly key: SessionKey }
  | {
      readonly type: 'sessionSnapshot'
      readonly key: SessionKey
      readonly snapshot: SessionSnapshot
    }
  | { readonly type: 'change'; readonly key: SessionKey; readonly change: Change }
  | { readonly type: 'retainedSet'; readonly message: Message }
  | { readonly type: 'retainedCleared'; readonly topic: string }

/** Records as data, in their order, until the store applies them. */
export class MemoryBatch implements StoreBatch {
  readonly records: StoreRecord[] = []
  /** Whether the store holds it already. */
  isApplied = false

  get size(): number {
    return this.records.length
  }

  sessionBegan(key: SessionKey, state: SessionState): void {
    this.records.push({ type: 'sessionBegan', key: keyOf(key), state: keep(state) })
  }

  sessionChanged(key: SessionKey, state: SessionState): void {
    this.records.push({ type: 'sessionChanged', key: keyOf(key), state: keep(state) })
  }

  sessionEnded(key: SessionKey): void {
    this.records.push({ type: 'sessionEnded', key: keyOf(key) })
  }

  sessionSnapshot(key: SessionKey, snapshot: SessionSnapshot): void {
    this.records.push({ type: 'sessionSnapshot', key: keyOf(key), snapshot })
  }

  change(key: SessionKey, change: Change): void {
    if (change.type === 'queued' || change.type === 'taken') change.message.keep()
    this.records.push({ type: 'change', key: keyOf(key), change })
  }

  retainedSet(message: Message): void {
    this.records.push({ type: 'retainedSet', message: message.keep() })
  }

  retainedCleared(topic: string): void {
    this.records.push({ type: 'retainedCleared', topic })
  }
}

/** A key of its own: what is handed in may be the session itself, which lives on and changes. */
function keyOf({ clientId, generation }: SessionKey): SessionKey {
  return { clientId, generation }
}

function keep(state: SessionState): SessionState {
  state.will?.message.keep()
  return state
}
