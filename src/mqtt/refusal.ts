import type { ReasonCode } from './reason-code.ts'

/**
 * The peer's fault, or a limit it met: made where it is detected, returned, never thrown. It ends
 * as a reason code in an acknowledgement, CONNACK or DISCONNECT, one log line and one counter.
 */
export class Refusal {
  readonly code: ReasonCode
  /** What was wrong, for a log line; never holds a secret or a payload. */
  readonly because: string

  constructor(code: ReasonCode, because: string) {
    this.code = code
    this.because = because
  }
}
