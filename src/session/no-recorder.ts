import type { Recorder } from './ports.ts'

/** What a session that is not durable is handed: takes nothing down, so nothing waits for it. */
class NoRecorder implements Recorder {
  readonly openBatch = 0
  readonly committed = Number.POSITIVE_INFINITY

  subscribed(): void {}
  unsubscribed(): void {}
  queued(): void {}
  unqueued(): void {}
  taken(): void {}
  released(): void {}
  freed(): void {}
  awaitingRel(): void {}
  relReceived(): void {}
}

export const noRecorder: Recorder = new NoRecorder()
