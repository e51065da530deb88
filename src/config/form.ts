import * as z from 'zod'
import { unreadable } from './draft.ts'

/** What is wrong with a value, as the end of a sentence that begins with the value. */
export class Wrong {
  readonly because: string
  /** Where inside the value, for values with an inside. */
  readonly path: readonly (string | number)[]
  /** What is wanted there, when it is not what the form says. */
  readonly wanted: string | undefined

  constructor(because: string, path: readonly (string | number)[] = [], wanted?: string) {
    this.because = because
    this.path = path
    this.wanted = wanted
  }
}

/** How one value may be written. */
export interface Form<Value> {
  /** The end of `wanted: …`. */
  readonly wanted: string
  /** For editors: the JSON Schema of what may be written. */
  readonly json: Readonly<Record<string, unknown>>
  readonly read: (written: unknown) => Value | Wrong
  /** What is written may be a secret, or hold one: it is never shown. */
  readonly isSecret?: true
}

/** How a value may be written in a program; the file has words for more, such as `64KB`. */
export type Written<Value> = Value extends boolean
  ? boolean
  : Value extends number
    ? number | string
    : Value extends string
      ? Value
      : string | number | object

/** What an issue of ours carries; `issues.ts` makes a problem of it. */
export interface FormIssue {
  readonly because: string
  readonly wanted: string
  readonly isSecret: boolean
}

/**
 * Makes a schema of a form, so that every value is refused in the same words, and what is put
 * together by zod is only the structure.
 */
export function required<Value>(form: Form<Value>) {
  const schema = z.any().transform((written: unknown, context): Value => {
    if (written === unreadable) return z.NEVER
    const value = readPresent(form, written)
    if (!(value instanceof Wrong)) return value
    const { because, wanted = form.wanted } = value
    const params: FormIssue = { because, wanted, isSecret: form.isSecret === true }
    const path = [...value.path]
    context.issues.push({ code: 'custom', message: params.because, input: written, path, params })
    return z.NEVER
  })
  // The value is checked above whatever it is: the type is for those who write one in a program.
  return schema.meta(form.json) as unknown as z.ZodType<Value, Written<Value>>
}

/** A key that may be absent. */
export function optional<Value>(form: Form<Value>) {
  return required(form).optional()
}

function readPresent<Value>(form: Form<Value>, written: unknown): Value | Wrong {
  if (written === undefined) return new Wrong('is missing')
  return written === null ? new Wrong('has no value') : form.read(written)
}

/** A pattern for editors: what `body` matches, or a text with an environment variable in it. */
export function patternOrVariable(body: string): string {
  return `^(?:${body}|.*\\$\\{[A-Z_].*)$`
}

/** What is written as one value, as text; a list or a mapping is none, so nothing reads it. */
export function textOf(written: unknown): string {
  return typeof written === 'string' || typeof written === 'number' ? String(written) : ''
}
