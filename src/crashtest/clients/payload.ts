import type { Message } from '../audit/message.ts'

/** What a payload says it is: a message of a publisher, or a will, by its number. */
export interface Label {
  readonly kind: 'message' | 'will'
  readonly number: number
}

const kinds: Readonly<Record<string, Label['kind']>> = { m: 'message', w: 'will' }
const firstFill = 97
const fills = 26

/** `m17 ccccc`: the label, and a filling that differs from message to message, up to its size. */
export function payloadOf({ number, size }: Message): Buffer {
  const payload = Buffer.alloc(size, fillOf(number))
  payload.write(`m${number} `)
  return payload
}

export function willPayload(number: number): Buffer {
  return Buffer.from(`w${number} `)
}

/** Reads `bytes[at … end)`; undefined for what is none of ours. */
export function readLabel(bytes: Buffer, at: number, end: number): Label | undefined {
  const kind = kinds[String.fromCharCode(bytes[at] ?? 0)]
  const space = bytes.indexOf(0x20, at)
  if (kind === undefined || space < 0 || space >= end) return undefined
  const number = Number(bytes.toString('latin1', at + 1, space))
  return Number.isSafeInteger(number) ? { kind, number } : undefined
}

/** Whether the payload of a message is the one that was sent, byte for byte. */
export function isWhole(
  { number, size }: Message,
  bytes: Buffer,
  at: number,
  end: number,
): boolean {
  if (end - at !== size) return false
  const fill = fillOf(number)
  for (let i = bytes.indexOf(0x20, at) + 1; i < end; i++) if (bytes[i] !== fill) return false
  return true
}

function fillOf(number: number): number {
  return firstFill + (number % fills)
}
