import { isJsonObject, type JsonObject } from '../base/json-object.ts'

/*
 * How a broker that runs is asked for something: over a socket in its folder, a JSON object a line.
 *
 *     asked     {"control":1,"request":"backup","parameters":{…}}
 *     answered  {"progress":{…}}, as often as there is something to tell
 *               {"result":{…}} or {"error":{"code":"failed","message":"…"}}, at the end
 *
 * A connection asks one thing at a time: the next request follows the answer to the one before. Who
 * hangs up does not want the answer any more: what is under way for it ends.
 */

/** The version of all this. A broker answers no other one. */
export const controlVersion = 1

/** Bytes of a request, and of a line of an answer. */
export const requestBytesMax = 64 * 1024
export const answerBytesMax = 1024 * 1024

/** Why a request was not done. */
export type ControlCode =
  /** It is no request at all, or another one is under way on its connection. */
  | 'malformed'
  /** It is of another version of the protocol. */
  | 'version'
  | 'unknown_request'
  | 'wrong_parameters'
  /** There is none of what it is about. */
  | 'not_found'
  /** It cannot be done with this broker, or not now. */
  | 'refused'
  /** What it needs failed: a disk that is full, a folder that is not there. */
  | 'failed'
  /** A bug of the broker's. */
  | 'internal'

/** A request was not done: which kind of fault, and a sentence for people. */
export class ControlError extends Error {
  override name = 'ControlError'
  readonly code: ControlCode

  constructor(code: ControlCode, message: string) {
    super(message)
    this.code = code
  }
}

/** Reads a line. Undefined: it is no JSON object. */
export function readObject(line: Buffer): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(line.toString())
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

export function lineOf(value: object): string {
  return `${JSON.stringify(value)}\n`
}
