/** Seeds that once failed; they always run. What each of them found stands beside it. */
export const seedsThatFailed: readonly number[] = [
  // PUBREC for a duplicate did not wait for the commit that the first one waited for.
  92, 111,
  // Clearing a retained message that was cleared already did not wait for the first clearing.
  75,
]
