import { AnonymousAuthenticator } from '../auth/anonymous.ts'
import type { BrokerLimits } from '../broker/ports.ts'
import type { RetainedOptions } from '../broker/retained.ts'
import type { Authenticator } from '../channel/ports.ts'
import { queuedBytesMax } from '../chosen-store.ts'
import type { Configuration } from '../config/configuration.ts'

/** What the broker looks up anew each time it needs it, so that a reload changes it under way. */
export class LiveSettings {
  readonly limits: BrokerLimits
  readonly retainer: RetainedOptions
  /** Asks the current one. */
  readonly authenticator: Authenticator
  readonly #own: Authenticator | undefined
  #current: Authenticator

  /** `own` is what the program that embeds the broker brought: the configuration does not touch it. */
  constructor(configuration: Configuration, own: Authenticator | undefined) {
    this.limits = limitsOf(configuration)
    this.retainer = retainerOf(configuration)
    this.#own = own
    this.#current = own ?? authenticatorOf(configuration)
    this.authenticator = {
      authenticate: (connect, peer) => this.#current.authenticate(connect, peer),
      exchange: (method, connect, peer) => this.#current.exchange(method, connect, peer),
    }
  }

  apply(configuration: Configuration): void {
    Object.assign(this.limits, limitsOf(configuration))
    Object.assign(this.retainer, retainerOf(configuration))
    this.#current = this.#own ?? authenticatorOf(configuration)
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

function authenticatorOf({ auth }: Configuration): Authenticator {
  return new AnonymousAuthenticator(auth.allowAnonymous)
}
