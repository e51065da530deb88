/** Versions of TLS, as Node calls them. */
export type TlsVersion = 'TLSv1.2' | 'TLSv1.3'

/** A certificate with its key, both files of PEM, absolute. */
export interface KeyPairFiles {
  /** The certificate, then those of its issuers up to the root, which may be left out. */
  readonly certFile: string
  readonly keyFile: string
}

/** The certificate for clients that ask for a host name. */
export interface SniOptions extends KeyPairFiles {
  /** In lower case; `*.example.com` is for every name with one more label. */
  readonly hostname: string
}

export const certificateNames = ['disabled', 'cn', 'dn'] as const
export type CertificateName = (typeof certificateNames)[number]

/** What a `tls` or `wss` listener shows, and what it asks of its clients. */
export interface TlsOptions extends KeyPairFiles {
  /** Certificates that clients' certificates may be signed with. */
  readonly caFile: string | undefined
  /** Certificates that were revoked: one or more lists, each signed by a certificate of `caFile`. */
  readonly crlFile: string | undefined
  /** Asks clients for a certificate; one that cannot be trusted is refused. */
  readonly verifiesPeer: boolean
  /** Refuses clients that have no certificate. Only with `verifiesPeer`. */
  readonly requiresPeer: boolean
  /** What of a client's certificate becomes its user name. Only with `verifiesPeer`. */
  readonly usernameFrom: CertificateName
  readonly minVersion: TlsVersion
  readonly maxVersion: TlsVersion
  /** As OpenSSL writes them; undefined for Node's. */
  readonly ciphers: string | undefined
  readonly sni: readonly SniOptions[]
  /** Reads the files again when one of them changes. */
  readonly reloadsOnChange: boolean
}
