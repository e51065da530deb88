import type { Identity } from '../channel/ports.ts'
import { ReasonCode } from '../mqtt/reason-code.ts'
import { Refusal } from '../mqtt/refusal.ts'
import type { AccessPolicy } from './access-policy.ts'
import type { Permissions } from './acl/permissions.ts'
import type { Who } from './acl/rule.ts'

/** Where the policy of a client stands; another one after a reload. */
export interface PolicyHolder {
  readonly policy: AccessPolicy
}

/** The proof of a client whose certificate says who it is; no hash looks like that. */
export const byCertificate = 'certificate'

/** A client that was let in: its rules are compiled once for each policy that holds for it. */
export class AccessIdentity implements Identity {
  readonly #holder: PolicyHolder
  readonly #who: Who
  /** What it was let in by: the hash that its password was checked against, or its certificate. */
  readonly #proof: string | undefined
  #policy: AccessPolicy
  #permissions: Permissions

  constructor(holder: PolicyHolder, who: Who, proof: string | undefined) {
    this.#holder = holder
    this.#who = who
    this.#proof = proof
    this.#policy = holder.policy
    this.#permissions = this.#policy.permissionsOf(who)
  }

  get username(): string | undefined {
    return this.#who.username
  }

  // hot:
  mayPublish(topic: string): boolean {
    return this.#current().mayPublish(topic)
  }

  maySubscribe(filter: string): boolean {
    return this.#current().maySubscribe(filter)
  }

  /** Its user is gone, has another password, or anonymous clients may not stay. */
  review(): Refusal | undefined {
    if (this.#proof === byCertificate) return undefined
    const { allowAnonymous, users } = this.#holder.policy
    const { username } = this.#who
    const refuse = (because: string) => new Refusal(ReasonCode.NotAuthorized, because)
    if (username === undefined || users === undefined) {
      return allowAnonymous ? undefined : refuse('anonymous clients are not allowed any more')
    }
    const hash = users.get(username)
    if (hash === undefined) return refuse('the user is gone')
    return hash.text === this.#proof ? undefined : refuse('the password of the user has changed')
  }

  #current(): Permissions {
    if (this.#policy !== this.#holder.policy) {
      this.#policy = this.#holder.policy
      this.#permissions = this.#policy.permissionsOf(this.#who)
    }
    return this.#permissions
  }
}
