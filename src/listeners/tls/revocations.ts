import type { DetailedPeerCertificate } from 'node:tls'
import { issuerAndSerial, type RevocationList } from './revocation-list.ts'

/** Certificates from a client's own up to the root. */
const chainMax = 32

/** The certificates that were revoked. An issuer without a list has revoked none. */
export class Revocations {
  readonly #serials = new Map<string, Set<string>>()

  constructor(lists: readonly RevocationList[]) {
    for (const { issuer, serials } of lists) {
      const key = issuer.toString('latin1')
      const known = this.#serials.get(key) ?? new Set()
      for (const serial of serials) known.add(serial)
      this.#serials.set(key, known)
    }
  }

  /** The serial number, in hexadecimal, of the first one in a chain that is revoked. */
  revokedIn(chain: DetailedPeerCertificate): string | undefined {
    let certificate: DetailedPeerCertificate | undefined = chain
    for (let depth = 0; certificate?.raw !== undefined && depth < chainMax; depth++) {
      const { issuer, serial } = issuerAndSerial(certificate.raw)
      if (this.#serials.get(issuer.toString('latin1'))?.has(serial) === true) return serial
      const above: DetailedPeerCertificate | undefined = certificate.issuerCertificate
      certificate = above === certificate ? undefined : above
    }
    return undefined
  }
}
