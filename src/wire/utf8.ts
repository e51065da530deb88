import { isUtf8 } from 'node:buffer'
import type { Refusal } from '../mqtt/refusal.ts'
import { malformed } from './refuse.ts'

/** How a UTF-8 Encoded String may be used: always, only where nobody is strict, never. */
export const TextKind = { Plain: 0, Unusual: 1, IllFormed: 2 } as const
export type TextKind = (typeof TextKind)[keyof typeof TextKind]

/**
 * What kind of text `bytes[at … end)` is. Ill-formed: not UTF-8, or with surrogates or U+0000.
 * Unusual: with a control character or a non-character, which a strict receiver may refuse.
 * [MQTT-1.5.4-1] [MQTT-1.5.4-2]
 */
export function textKind(bytes: Buffer, at: number, end: number): TextKind {
  let kind: TextKind = TextKind.Plain
  for (let i = at; i < end; i++) {
    const byte = bytes[i] as number
    if (byte >= 0x80) return wideTextKind(bytes, i, end, kind)
    if (byte === 0) return TextKind.IllFormed
    if (byte < 0x20 || byte === 0x7f) kind = TextKind.Unusual
  }
  return kind
}

/** Refuses text that is ill-formed, or unusual where strict: MalformedPacket. [MQTT-1.5.4-1] [MQTT-1.5.4-2] */
export function checkText(
  bytes: Buffer,
  at: number,
  end: number,
  isStrict: boolean,
  what: string,
): Refusal | undefined {
  return refuseText(textKind(bytes, at, end), isStrict, what)
}

/** What `checkText` answers for text whose kind is known. */
export function refuseText(kind: TextKind, isStrict: boolean, what: string): Refusal | undefined {
  if (kind === TextKind.Plain) return undefined
  if (kind === TextKind.IllFormed) return malformed(`${what} is not UTF-8, or has U+0000 in it`)
  if (!isStrict) return undefined
  return malformed(`${what} has a control character or a non-character in it (strict_mode)`)
}

function wideTextKind(bytes: Buffer, at: number, end: number, before: TextKind): TextKind {
  if (!isUtf8(bytes.subarray(at, end))) return TextKind.IllFormed
  let kind = before
  for (let i = at; i < end; i++) {
    const byte = bytes[i] as number
    if (byte === 0) return TextKind.IllFormed
    if (byte < 0x20 || byte === 0x7f || isUnusualLead(bytes, i, byte)) kind = TextKind.Unusual
  }
  return kind
}

/** Whether well-formed UTF-8 has U+0080 … U+009F or a non-character at `at`. */
function isUnusualLead(bytes: Buffer, at: number, lead: number): boolean {
  if (lead === 0xc2) return (bytes[at + 1] as number) < 0xa0
  if (lead < 0xef) return false
  const second = bytes[at + 1] as number
  const third = bytes[at + 2] as number
  if (lead === 0xef) {
    if (second === 0xb7) return third >= 0x90 && third <= 0xaf
    return second === 0xbf && third >= 0xbe
  }
  return (second & 0x0f) === 0x0f && third === 0xbf && (bytes[at + 3] as number) >= 0xbe
}
