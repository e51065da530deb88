/** Seeds that once failed; they always run. What each found stands beside it. */
export const seedsThatFailed: readonly number[] = []
