/** The word of a list that somebody most probably meant, undefined when none is near. */
export function suggest(word: string, words: readonly string[]): string | undefined {
  let nearest: string | undefined
  let distanceMin = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const candidate of words) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance >= distanceMin) continue
    nearest = candidate
    distanceMin = distance
  }
  return nearest
}

/** Insertions, deletions, replacements and swaps of neighbours that make one word of the other. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)]
  for (let row = 1; row <= a.length; row++) {
    const cells = [row]
    const above = rows[row - 1] as number[]
    for (let column = 1; column <= b.length; column++) {
      const isEqual = a[row - 1] === b[column - 1]
      const replaced = (above[column - 1] as number) + (isEqual ? 0 : 1)
      const shifted = Math.min(above[column] as number, cells[column - 1] as number) + 1
      let least = Math.min(replaced, shifted)
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        least = Math.min(least, ((rows[row - 2] as number[])[column - 2] as number) + 1)
      }
      cells.push(least)
    }
    rows.push(cells)
  }
  return rows[a.length]?.[b.length] as number
}
