/** Time, handed in: nothing from `base` to `broker` reads a clock of its own. */
export interface Clock {
  /** Monotonic milliseconds since an arbitrary start; deadlines and expiry count in it. */
  now(): number
  /** Milliseconds since 1970 by the wall clock; for people to read, never to compute with. */
  wallMs(): number
}
