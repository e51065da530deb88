/** What `config/zone.yaml` says about one setting. */
export interface DocumentedSetting {
  /** Keys from the top down; items of a list and zones stand as `*`. */
  readonly path: readonly string[]
  /** The comment above it, as one paragraph. */
  readonly description: string
  /** Its default as YAML, empty for a section. */
  readonly value: string
}

/**
 * Reads the settings out of the documented file: each is a comment, then `key: value`, which begins
 * with `#` and no space where it is at its default. So the words stand in one place, and the JSON
 * Schema for editors has them from there.
 */
export function readDocumentation(text: string): DocumentedSetting[] {
  const settings: DocumentedSetting[] = []
  const sections: { indent: number; key: string }[] = []
  let comment: string[] = []
  for (const line of text.split('\n')) {
    const words = /^\s*# ?( *\S.*)?$/.exec(line)
    const setting = /^(\s*)(- )?#?([a-z_][a-z\d_]*):(?: (.*))?$/.exec(line)
    if (setting !== null) {
      const indent = (setting[1] ?? '').length + (setting[2] ?? '').length
      while ((sections.at(-1)?.indent ?? -1) >= indent) sections.pop()
      const key = setting[3] as string
      const path = [...sections.map((section) => section.key), key]
      settings.push({
        path: generalise(path),
        description: comment.join(' '),
        value: setting[4] ?? '',
      })
      sections.push({ indent, key })
      comment = []
    } else if (words === null || words[1] === undefined) comment = []
    else comment.push(words[1].trim())
  }
  return settings
}

/** The documented file as it would be if every default were written out. */
export function uncomment(text: string): string {
  return text.replace(/^(\s*)#(?=[a-z_\d]+:)/gm, '$1')
}

/** `listeners.name` → `listeners.*.name`, `zones.default.x` → `zones.*.x`. */
function generalise(path: readonly string[]): string[] {
  if (path[0] === 'zones' && path.length > 1) return ['zones', '*', ...path.slice(2)]
  return path[0] === 'listeners' && path.length > 1
    ? ['listeners', '*', ...path.slice(1)]
    : [...path]
}
