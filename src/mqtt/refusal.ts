import type { ReasonCode } from './reason-code.ts'

/**
 * The peer's fault, or a limit it met: made where it is detected, returned, never thrown. It ends
 * as a reason code in an acknowledgement, CONNACK or DISCONNECT, one log line and one counter.
 */
export class Refusal {
  readonly code: ReasonCode
  /** What was wrong, for the peer and a log line; never holds a secret or a payload. */
  readonly because: string
  /** What only the log may say, in place of `because`; the peer is not told. */
  readonly detail: string | undefined

  constructor(code: ReasonCode, because: string, detail?: string) {
    this.code = code
    this.because = because
    this.detail = detail
  }
}
