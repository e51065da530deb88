import type {
  AuthenticationExchange,
  AuthenticationStep,
  Authenticator,
  Identity,
} from '../../src/channel/ports.ts'
import type { ConnectPacket } from '../../src/mqtt/packets.ts'
import { ReasonCode } from '../../src/mqtt/reason-code.ts'
import { Refusal } from '../../src/mqtt/refusal.ts'

/** The method that `TestAuthenticator` serves. */
export const testMethod = 'CHALLENGE'

/** What a test wants its authenticator to do otherwise than to let everybody in at once. */
export interface AuthenticatorWish {
  /** Answers only when the test calls `release`. */
  readonly isSlow?: boolean
  /** Rejects instead of answering, as one whose database is gone does. */
  readonly isBroken?: boolean
  /** What clients may publish to; everything without it. */
  readonly mayPublish?: (topic: string, username: string | undefined) => boolean
}

/**
 * An authenticator of the port `channel` has. Passwords: `wrong` is refused (0x86), everything else
 * let in. The method `CHALLENGE` takes two rounds: CONNECT says `hello` and is challenged with
 * `name?`, AUTH says a name and is challenged with `secret?`, AUTH says `secret` and is in, with
 * `welcome` as the last word; everything else is refused (0x87).
 */
export class TestAuthenticator implements Authenticator {
  readonly #wish: AuthenticatorWish
  /** The client ids asked about, in order. */
  readonly asked: string[] = []
  isSlow: boolean
  #held: (() => void)[] = []

  constructor(wish: AuthenticatorWish = {}) {
    this.#wish = wish
    this.isSlow = wish.isSlow ?? false
  }

  /** Answers waiting for `release`. */
  get held(): number {
    return this.#held.length
  }

  /** Lets a slow authenticator give the answers that wait. */
  release(): void {
    for (const give of this.#held.splice(0)) give()
  }

  authenticate(connect: ConnectPacket): Identity | Refusal | Promise<Identity | Refusal> {
    this.asked.push(connect.clientId)
    const isWrong = connect.password?.toString() === 'wrong'
    return this.#answer(
      isWrong
        ? new Refusal(ReasonCode.BadUserNameOrPassword, 'the password is wrong')
        : this.identity(connect.username),
    )
  }

  exchange(method: string, connect: ConnectPacket): AuthenticationExchange | undefined {
    if (method !== testMethod) return undefined
    this.asked.push(connect.clientId)
    return new Challenge(this, (step) => this.#answer(step))
  }

  identity(username: string | undefined): Identity {
    const allows = this.#wish.mayPublish ?? (() => true)
    return {
      username,
      mayPublish: (topic) => allows(topic, username),
      maySubscribe: () => true,
    }
  }

  #answer<T>(answer: T): T | Promise<T> {
    if (this.#wish.isBroken === true) return Promise.reject(new Error('the database is gone'))
    if (!this.isSlow) return answer
    return new Promise((resolve) => {
      this.#held.push(() => resolve(answer))
    })
  }
}

class Challenge implements AuthenticationExchange {
  readonly #authenticator: TestAuthenticator
  readonly #answer: (step: AuthenticationStep) => AuthenticationStep | Promise<AuthenticationStep>
  #round = 0
  #username: string | undefined

  constructor(
    authenticator: TestAuthenticator,
    answer: (step: AuthenticationStep) => AuthenticationStep | Promise<AuthenticationStep>,
  ) {
    this.#authenticator = authenticator
    this.#answer = answer
  }

  next(data: Buffer | undefined): AuthenticationStep | Promise<AuthenticationStep> {
    return this.#answer(this.#step(data?.toString()))
  }

  #step(said: string | undefined): AuthenticationStep {
    this.#round++
    if (this.#round === 1 && said === 'hello') return ask('name?')
    if (this.#round === 2 && said !== undefined) {
      this.#username = said
      return ask('secret?')
    }
    if (this.#round === 3 && said === 'secret') {
      const identity = this.#authenticator.identity(this.#username)
      return { step: 'success', identity, data: Buffer.from('welcome') }
    }
    return new Refusal(ReasonCode.NotAuthorized, `"${said}" is not what was asked for`)
  }
}

function ask(question: string): AuthenticationStep {
  return { step: 'continue', data: Buffer.from(question) }
}
