/** A time that passes, unless it is cancelled; ms. */
export function cancellableDelay(delayMs: number): { elapsed: Promise<void>; cancel: () => void } {
  let timer: NodeJS.Timeout | undefined
  const elapsed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, delayMs)
  })
  return { elapsed, cancel: () => clearTimeout(timer) }
}
