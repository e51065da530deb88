import type { Recorder } from './ports.ts'

/** What a session that is not durable is handed: takes nothing down, so nothing waits for it. */
class NoRecorder implements Recorder {
  readonly openBatch = 0
  readonly committed = Number.POSITIVE_INFINITY

  entry(): void {}
  lane(): void {}
  readOn(): void {}
  subscription(): void {}
  rel(): void {}
}

export const noRecorder: Recorder = new NoRecorder()
