const cell = new Int32Array(new SharedArrayBuffer(4))

/**
 * Sleeps, the whole thread, for a part of a millisecond: timers know only whole ones. Between two
 * turns of a closed loop this makes packets travel in company, as the interrupt moderation of a
 * network card does, so neither side pays the kernel for each of them.
 */
export function rest(ms: number): void {
  if (ms > 0) Atomics.wait(cell, 0, 0, ms)
}
