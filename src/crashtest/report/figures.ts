/** The smallest number that this share of all does not exceed, 0 … 1; NaN of none. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

/** The middle one of some numbers, the lower of two; NaN of none. */
export function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5)
}
