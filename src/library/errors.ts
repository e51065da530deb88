import { formatProblem, type Problem } from '../config/problem.ts'
import type { ReasonCode } from '../mqtt/reason-code.ts'

/** The configuration is wrong: everything that is, a line each. */
export class ConfigurationError extends Error {
  override name = 'ConfigurationError'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(`the configuration is wrong:\n${problems.map(formatProblem).join('\n')}`)
    this.problems = problems
  }
}

/** The broker is not running, or stopped before what was asked of it was done. */
export class NotRunningError extends Error {
  override name = 'NotRunningError'
}

/** The broker does not take a message or a subscription now; `reasonCode` is one of MQTT 5. */
export class RefusedError extends Error {
  override name = 'RefusedError'
  readonly reasonCode: ReasonCode

  constructor(reasonCode: ReasonCode, message: string) {
    super(message)
    this.reasonCode = reasonCode
  }
}
