import type { Store, StoredSession } from '../../broker/ports.ts'

/** What there is in a store. */
export interface StoreSurvey {
  readonly sessions: {
    /** Their clients were connected when the process ended. */
    connected: number
    away: number
    /** No client finds them any more: they only have what others may get. */
    over: number
  }
  subscriptions: number
  readonly queued: { messages: number; bytes: number }
  inflight: number
  awaitingRel: number
  readonly retained: { messages: number; bytes: number }
  /** Wills that will be published when their clients do not come back. */
  wills: number
}

/** Counts what is in a store that is open. Rejects with what it says. */
export async function surveyOf(store: Store): Promise<StoreSurvey> {
  const survey: StoreSurvey = {
    sessions: { connected: 0, away: 0, over: 0 },
    subscriptions: 0,
    queued: { messages: 0, bytes: 0 },
    inflight: 0,
    awaitingRel: 0,
    retained: { messages: 0, bytes: 0 },
    wills: 0,
  }
  for await (const some of store.sessions()) {
    for (const session of some) count(session, survey)
  }
  for await (const { frame } of store.retained()) {
    survey.retained.messages++
    survey.retained.bytes += frame.size
  }
  return survey
}

function count({ snapshot, state }: StoredSession, survey: StoreSurvey): void {
  if (state.isOver) survey.sessions.over++
  else if (state.disconnectedAt === undefined) survey.sessions.connected++
  else survey.sessions.away++
  if (state.will !== undefined && !state.isOver) survey.wills++
  survey.subscriptions += snapshot.subscriptions.length
  survey.inflight += snapshot.inflight.length
  survey.awaitingRel += snapshot.awaitingRel.length
  for (const { bytes, length } of snapshot.lanes) {
    survey.queued.messages += length
    survey.queued.bytes += bytes
  }
}
