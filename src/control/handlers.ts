import type { JsonObject } from '../base/json-object.ts'

/** What somebody asks for. */
export interface ControlRequest {
  readonly parameters: JsonObject
  /** Aborted when the one who asked has gone, or when the broker stops. */
  readonly signal: AbortSignal
  /** Tells how far it is; one who does not read is not told all of it. */
  readonly progress: (event: object) => void
}

/** Does one kind of request; answers its result. Throws and rejects: ControlError. */
export type ControlHandler = (request: ControlRequest) => object | Promise<object>

/** All kinds of requests, by their names. */
export type ControlHandlers = Readonly<Record<string, ControlHandler>>
