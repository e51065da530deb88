import { AccessControl } from '../auth/access-control.ts'
import type { BrokerLimits } from '../broker/ports.ts'
import type { RetainedOptions } from '../broker/retained.ts'
import type { Authenticator } from '../channel/ports.ts'
import { queuedBytesMax } from '../chosen-store.ts'
import type { Configuration } from '../config/configuration.ts'

/** What the broker looks up anew each time it needs it, so that a reload changes it under way. */
export class LiveSettings {
  readonly limits: BrokerLimits
  readonly retainer: RetainedOptions
  readonly authenticator: Authenticator
  /** Undefined when the program that embeds the broker brought its own authenticator. */
  readonly access: AccessControl | undefined

  /** `own` is what the program that embeds the broker brought: the configuration does not touch it. Reads the password and rule files. Throws: FileProblems. */
  constructor(configuration: Configuration, own: Authenticator | undefined) {
    this.limits = limitsOf(configuration)
    this.retainer = retainerOf(configuration)
    this.access = own === undefined ? new AccessControl(configuration.access) : undefined
    this.authenticator = own ?? (this.access as AccessControl)
  }

  apply(configuration: Configuration): void {
    Object.assign(this.limits, limitsOf(configuration))
    Object.assign(this.retainer, retainerOf(configuration))
  }
}

function limitsOf(configuration: Configuration): BrokerLimits {
  return {
    sessionsMax: configuration.limits.sessionsMax,
    queuedBytesMax: queuedBytesMax(configuration),
  }
}

function retainerOf({ retainer }: Configuration): RetainedOptions {
  return {
    messagesMax: retainer.retainedMessagesMax,
    payloadBytesMax: retainer.payloadSizeMax,
    expiryMs: retainer.messageExpiryIntervalMs,
  }
}
