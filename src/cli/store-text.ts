const units = ['B', 'kB', 'MB', 'GB', 'TB']

/** A size for people: three digits of it. */
export function sizeText(bytes: number): string {
  let count = bytes
  let power = 0
  while (count >= 1024 && power < units.length - 1) {
    count /= 1024
    power++
  }
  const digits = power === 0 || count >= 100 ? 0 : 1
  return `${count.toFixed(digits)} ${units[power]}`
}

/** `3 messages`, `1 message`. */
export function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

const steps: readonly (readonly [seconds: number, noun: string])[] = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
]

/** How long ago, in the largest unit of which there is one. */
export function agoText(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  for (const [size, noun] of steps) {
    if (seconds >= size) return `${countText(Math.floor(seconds / size), noun)} ago`
  }
  return 'just now'
}
