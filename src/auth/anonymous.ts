import type { Authenticator, Identity, Peer } from '../channel/ports.ts'
import type { ConnectPacket } from '../mqtt/packets.ts'
import { ReasonCode } from '../mqtt/reason-code.ts'
import { Refusal } from '../mqtt/refusal.ts'

/**
 * `auth.allow_anonymous`: lets everybody in, or nobody but those whose certificate says who they are.
 * A user name in CONNECT is taken as it is said and shown in the log; it proves nothing. No method
 * of enhanced authentication is configured.
 */
export class AnonymousAuthenticator implements Authenticator {
  readonly #isAllowed: boolean

  constructor(isAllowed: boolean) {
    this.#isAllowed = isAllowed
  }

  authenticate(connect: ConnectPacket, peer: Peer): Identity | Refusal {
    if (!this.#isAllowed && peer.certificateUsername === undefined) {
      return new Refusal(ReasonCode.NotAuthorized, 'auth.allow_anonymous is off')
    }
    return connect.username === undefined ? anonymous : new AnyIdentity(connect.username)
  }

  exchange(): undefined {
    return undefined
  }
}

/** May do everything. */
class AnyIdentity implements Identity {
  readonly username: string | undefined

  constructor(username: string | undefined) {
    this.username = username
  }

  mayPublish(): boolean {
    return true
  }

  maySubscribe(): boolean {
    return true
  }
}

const anonymous = new AnyIdentity(undefined)
