/** The environment of a process: variable → text. */
export type Environment = Readonly<Record<string, string | undefined>>

/** What `expand` made of a text; `because` says what is wrong with it. */
export type Expansion =
  | { readonly text: string; readonly isExpanded: boolean }
  | { readonly because: string }

/**
 * Puts environment variables into a text: `${NAME}` and `${NAME:-default}` (also when empty);
 * `$${` stands for `${`. Only names in capitals are variables, so that placeholders such as
 * `${clientid}` pass untouched. Refuses: a variable that is not set and has no default.
 */
export function expand(source: string, environment: Environment): Expansion {
  const missing: string[] = []
  const text = source.replace(
    /\$\$\{|\$\{([A-Z_][A-Z0-9_]*)(?:(:-)([^}]*))?\}/g,
    (whole, name: string | undefined, hasDefault: string | undefined, otherwise: string) => {
      if (name === undefined) return whole.slice(1)
      const value = environment[name]
      if (hasDefault !== undefined) return value === undefined || value === '' ? otherwise : value
      if (value === undefined) missing.push(name)
      return value ?? ''
    },
  )
  if (missing.length === 0) return { text, isExpanded: text !== source }
  const name = missing[0] as string
  return {
    because: `environment variable ${name} is not set and has no default; wanted: set ${name}, or write \${${name}:-default}`,
  }
}
