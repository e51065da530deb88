/** The model's own opinion on whether a filter, shared or not, matches a topic without `$`. */
export function matches(filter: string, topic: string): boolean {
  const plain = filter.startsWith('$share/') ? filter.split('/').slice(2) : filter.split('/')
  const levels = topic.split('/')
  for (const [i, level] of plain.entries()) {
    if (level === '#') return true
    if (level !== '+' && level !== levels[i]) return false
    if (levels[i] === undefined) return false
  }
  return plain.length === levels.length
}
