import { isIP } from 'node:net'
import type { Authenticator, Identity, Peer } from '../channel/ports.ts'
import type { ConnectPacket } from '../mqtt/packets.ts'
import { ReasonCode } from '../mqtt/reason-code.ts'
import { Refusal } from '../mqtt/refusal.ts'
import { AccessIdentity, byCertificate, type PolicyHolder } from './access-identity.ts'
import { AccessPolicy } from './access-policy.ts'
import type { Who } from './acl/rule.ts'
import { FileProblems } from './file-problem.ts'
import { HashPool } from './hashing/hash-pool.ts'
import type { AccessOptions, AllAccessOptions } from './options.ts'

/** Bytes of a password; a longer one is wrong. */
const passwordBytesMax = 1024

/**
 * Anonymous clients, password files and rules, as `auth` and `acl` of the configuration have them.
 * It knows no method of enhanced authentication.
 */
export class AccessControl implements Authenticator {
  #options: AllAccessOptions
  readonly #pool: HashPool
  readonly #default: Place
  readonly #listeners = new Map<string, Place>()

  /** Reads the files that the options name. Throws: FileProblems. */
  constructor(options: AllAccessOptions, pool: HashPool = new HashPool()) {
    this.#options = options
    this.#pool = pool
    const [first, ...own] = readPolicies(options)
    this.#default = { policy: first as AccessPolicy }
    for (const [index, name] of [...options.listeners.keys()].entries()) {
      this.#listeners.set(name, { policy: own[index] as AccessPolicy })
    }
  }

  /** Gets a thread ready for the first password, where passwords are asked for. */
  warmUp(): void {
    const places = [this.#default, ...this.#listeners.values()]
    if (places.some(({ policy }) => policy.users !== undefined)) this.#pool.warmUp()
  }

  /**
   * Reads the files again. From here on what they say holds, also for clients that are connected;
   * who of them may stay, `Identity.review` tells. Throws: FileProblems, and nothing has changed.
   */
  reload(options: AllAccessOptions = this.#options): void {
    const [first, ...own] = readPolicies(options)
    this.#options = options
    this.#default.policy = first as AccessPolicy
    // A listener that has no access of its own any more has that of all.
    for (const place of this.#listeners.values()) place.policy = first as AccessPolicy
    for (const [index, name] of [...options.listeners.keys()].entries()) {
      const policy = own[index] as AccessPolicy
      const place = this.#listeners.get(name)
      if (place === undefined) this.#listeners.set(name, { policy })
      else place.policy = policy
    }
  }

  close(): Promise<void> {
    return this.#pool.close()
  }

  authenticate(
    connect: ConnectPacket,
    peer: Peer,
    isWanted: () => boolean = () => true,
  ): Identity | Refusal | Promise<Identity | Refusal> {
    const place = this.#listeners.get(peer.listener) ?? this.#default
    const { allowAnonymous, users } = place.policy
    const { clientId, username } = connect
    const who: Who = { clientId, username, ipAddress: ipAddressOf(peer.address) }
    if (peer.certificateUsername !== undefined) return new AccessIdentity(place, who, byCertificate)
    if (username !== undefined && users !== undefined) {
      return this.#checkPassword(place, who, username, connect.password, isWanted)
    }
    if (allowAnonymous) return new AccessIdentity(place, who, undefined)
    const because =
      users === undefined ? 'auth.allow_anonymous is off' : 'no user name, and one is wanted'
    return new Refusal(ReasonCode.NotAuthorized, because)
  }

  exchange(): undefined {
    return undefined
  }

  /** A user who is not there takes as long as one whose password is wrong, and is answered the same. */
  async #checkPassword(
    place: Place,
    who: Who,
    username: string,
    password: Buffer | undefined,
    isWanted: () => boolean,
  ): Promise<Identity | Refusal> {
    const hash = place.policy.users?.get(username)
    if (password === undefined) return wrong('no password')
    if (password.length > passwordBytesMax) return wrong('a password of more than 1024 bytes')
    const against = hash ?? place.policy.decoyFor(username)
    if (against === undefined) return wrong('there are no users')
    const verdict = await this.#pool.verify(against, password, isWanted)
    if (verdict === 'too many' || verdict === 'not wanted') {
      return new Refusal(ReasonCode.ServerUnavailable, 'too many clients log in at once')
    }
    if (hash === undefined) return wrong('the user is unknown')
    return verdict ? new AccessIdentity(place, who, hash.text) : wrong('the password is wrong')
  }
}

/** Changes at a reload. */
interface Place extends PolicyHolder {
  policy: AccessPolicy
}

/** The policy of all, then those of the listeners in their order. Throws: FileProblems, all of them. */
function readPolicies(options: AllAccessOptions): AccessPolicy[] {
  const policies: AccessPolicy[] = []
  const faults = new Map<string, FileProblems['problems'][number]>()
  for (const own of [options as AccessOptions, ...options.listeners.values()]) {
    try {
      policies.push(new AccessPolicy(own))
    } catch (error) {
      if (!(error instanceof FileProblems)) throw error
      for (const fault of error.problems) faults.set(`${fault.file}:${fault.line}`, fault)
    }
  }
  if (faults.size > 0) throw new FileProblems([...faults.values()])
  return policies
}

/** The client is not told whether the user exists. */
function wrong(detail: string): Refusal {
  return new Refusal(ReasonCode.BadUserNameOrPassword, 'bad user name or password', detail)
}

/** `address:port` without the port, and IPv4 as such. */
function ipAddressOf(address: string): string | undefined {
  const host = address.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
  const plain = host.replace(/^::ffff:(?=\d+\.)/i, '')
  return isIP(plain) === 0 ? undefined : plain
}
