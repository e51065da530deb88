const units = ['B', 'KB', 'MB', 'GB', 'TB']

/**
 * Reads `512`, `512B`, `64KB`, `1MB`, `2GB` and `infinity` as bytes; undefined for anything else.
 * 1 KB is 1024 bytes, as the operators of this field know it; `KiB` says the same.
 */
export function parseSize(text: string): number | undefined {
  if (text === 'infinity') return Number.POSITIVE_INFINITY
  const match = /^(\d{1,15}) ?(?:([KMGT])i?B|B)?$/i.exec(text)
  if (match === null) return undefined
  const power = units.indexOf(`${(match[2] ?? '').toUpperCase()}B`)
  const bytes = Number(match[1]) * 1024 ** power
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

/** Writes whole bytes in the largest unit that needs no fraction; `parseSize` reads it. */
export function formatSize(bytes: number): string {
  if (bytes === Number.POSITIVE_INFINITY) return 'infinity'
  let power = 0
  let count = bytes
  while (count > 0 && count % 1024 === 0 && power < units.length - 1) {
    count /= 1024
    power++
  }
  return `${count}${units[power]}`
}
