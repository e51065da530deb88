import { Histogram } from '../base/histogram.ts'

/** What the journal counts since the start, for operators: plain fields, read as they are. */
export class StoreMeter {
  /** Milliseconds from the start of a batch until it is safe, retries included. */
  readonly commitMs = new Histogram([
    0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 10_000,
  ])
  /** Records of each batch. */
  readonly batchRecords = new Histogram([1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000])
  /** Records that are safe. */
  records = 0
  /** Messages that left no record, because they ended before their batch began. */
  elided = 0
  /** Commits that failed and were tried again. */
  failures = 0
  /** Pages that were read back. */
  pagesRead = 0
}
