/** A broken promise of our own code: the connection it happens on closes with 0x83, and tests crash. */
export class AssertionError extends Error {
  override name = 'AssertionError'
}

/** Claims one thing that only a bug in the broker can make false. Throws: AssertionError. */
export function assert(claim: boolean, what: string): asserts claim {
  if (!claim) throw new AssertionError(what)
}
