import * as z from 'zod'
import type { Path } from './problem.ts'
import { schema } from './schema.ts'

/** What a schema is about, without the wrappers for absent and null. */
export function unwrap(wrapped: unknown): unknown {
  let inner = wrapped
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodNullable) inner = inner.unwrap()
  return inner
}

/** The keys that may stand at a path; none where the path holds no mapping of fixed keys. */
export function knownKeysAt(path: Path): string[] {
  let inner = unwrap(schema)
  for (const key of path) {
    if (inner instanceof z.ZodObject) inner = unwrap(inner.shape[key])
    else if (inner instanceof z.ZodArray) inner = unwrap(inner.element)
    else if (inner instanceof z.ZodRecord) inner = unwrap(inner.valueType)
    else return []
  }
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : []
}

/** Whether the schema has a list at a path. */
export function isListAt(path: Path): boolean {
  return (
    path.length === 1 &&
    unwrap(schema.shape[path[0] as keyof typeof schema.shape]) instanceof z.ZodArray
  )
}

/** Where else a key is known, as people write it, for those who put it into the wrong mapping. */
export function otherHomeOf(key: string): string | undefined {
  const sections = Object.keys(schema.shape)
  const section = sections.find((name) => knownKeysAt([name]).includes(key))
  if (section !== undefined) return `${section}.${key}`
  if (knownKeysAt(['zones', 'default']).includes(key)) return `zones.default.${key}`
  if (knownKeysAt(['listeners', 0]).includes(key)) return `listeners[…].${key}`
  if (knownKeysAt(['listeners', 0, 'tcp_options']).includes(key)) {
    return `listeners[…].tcp_options.${key}`
  }
  return undefined
}
