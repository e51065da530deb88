/** An object that came as JSON, of which nothing is known yet. */
export type JsonObject = Readonly<Record<string, unknown>>

/** Tells an object from lists and single values. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
