/**
 * Whether every topic that `narrow` matches is matched by `wide`; both are valid filters without
 * `$share`. A filter that begins with a wildcard matches no topic that begins with `$`. [MQTT-4.7.2-1]
 */
export function covers(wide: string, narrow: string): boolean {
  if (isHidden(wide, narrow)) return false
  const outer = wide.split('/')
  const inner = narrow.split('/')
  for (let index = 0; index < inner.length; index++) {
    if (outer[index] === '#') return true
    if (inner[index] === '#') return false
    if (outer[index] !== '+' && outer[index] !== inner[index]) return false
  }
  // `a/#` matches its parent `a` too.
  const isParent = outer.length === inner.length + 1 && outer.at(-1) === '#'
  return outer.length === inner.length || isParent
}

/** The filter of all topics that both filters match; undefined when there is none. */
export function intersection(one: string, other: string): string | undefined {
  if (isHidden(one, other) || isHidden(other, one)) return undefined
  const left = one.split('/')
  const right = other.split('/')
  const common: string[] = []
  for (let index = 0; ; index++) {
    const [a, b] = [left[index], right[index]]
    if (a === '#') return [...common, ...right.slice(index)].join('/')
    if (b === '#') return [...common, ...left.slice(index)].join('/')
    if (a === undefined || b === undefined) return a === b ? common.join('/') : undefined
    if (a !== '+' && b !== '+' && a !== b) return undefined
    common.push(a === '+' ? b : a)
  }
}

/** Whether `wide` begins with a wildcard, and `narrow` with the `$` that wildcards leave out. */
function isHidden(wide: string, narrow: string): boolean {
  return (wide.startsWith('+') || wide.startsWith('#')) && narrow.startsWith('$')
}
