import type { JsonObject } from '../base/json-object.ts'
import { type Ask, type BrokerFlags, onBroker, print, printJson } from './ctl.ts'
import { ExitCode } from './exit-code.ts'
import { printable } from './printable.ts'
import { sheetOf } from './table.ts'

/** Shows one thing, a line for each of its values, or as JSON. */
export function showThing(
  flags: BrokerFlags,
  request: string,
  parameters: object = {},
): Promise<ExitCode> {
  return onBroker(flags, async (ask) => {
    const thing = await ask(request, parameters)
    if (flags.json) printJson(thing)
    else print(sheetOf(thing))
    return ExitCode.Ok
  })
}

/** Changes something, and says in one sentence what was done. */
export function change(
  flags: BrokerFlags,
  request: string,
  parameters: object,
  said: (answer: JsonObject) => string,
): Promise<ExitCode> {
  return onBroker(flags, async (ask) => {
    const answer = await ask(request, parameters)
    if (flags.json) printJson(answer)
    else print(`${printable(said(answer))}\n`)
    return ExitCode.Ok
  })
}

/** Shows a retained message; its payload as text where it is UTF-8, else as base64. */
export function showRetained(flags: BrokerFlags, topic: string, isRaw: boolean): Promise<ExitCode> {
  return onBroker(flags, async (ask) => {
    const { about, payload } = await readRetained(ask, topic)
    if (isRaw) {
      print(payload)
      return ExitCode.Ok
    }
    const text = textOf(payload)
    const encoding = text === undefined ? 'base64' : 'plain'
    const told = text ?? payload.toString('base64')
    if (flags.json) printJson({ ...about, payload_encoding: encoding, payload: told })
    else print(`${sheetOf({ ...about, payload_encoding: encoding })}\n${printable(told, true)}\n`)
    return ExitCode.Ok
  })
}

/** Asks for its parts until the payload is whole; from the beginning where another one has come. */
async function readRetained(
  ask: Ask,
  topic: string,
): Promise<{ about: JsonObject; payload: Buffer }> {
  let parts: Buffer[] = []
  let have = 0
  let known: unknown
  for (;;) {
    const answer = await ask('retained.get', { topic, offset: have })
    const { number, payload, payload_offset: _, ...about } = answer
    if (known !== undefined && number !== known) {
      parts = []
      have = 0
      known = undefined
      continue
    }
    known = number
    const part = Buffer.from(String(payload), 'base64')
    parts.push(part)
    have += part.length
    if (part.length === 0 || have >= Number(about.payload_size)) {
      return { about, payload: Buffer.concat(parts) }
    }
  }
}

/** Undefined when it is not UTF-8. */
function textOf(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
