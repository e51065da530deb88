/**
 * Whether a browser may connect from a page of this origin. `*.` stands for one or more labels. Who
 * sends no origin is no browser.
 */
export function isAllowedOrigin(
  origin: string | undefined,
  allowed: readonly string[] | undefined,
): boolean {
  if (allowed === undefined || origin === undefined) return true
  const asked = origin.toLowerCase()
  return allowed.some((pattern) => {
    const star = pattern.indexOf('*')
    if (star < 0) return asked === pattern
    const [head, tail] = [pattern.slice(0, star), pattern.slice(star + 1)]
    return (
      asked.length > head.length + tail.length && asked.startsWith(head) && asked.endsWith(tail)
    )
  })
}
