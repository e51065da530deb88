import { X509Certificate } from 'node:crypto'
import type { PeerCertificate, TLSSocket } from 'node:tls'
import type { CertificateName, TlsOptions } from './options.ts'
import type { Revocations } from './revocations.ts'

/** Bytes of a text in MQTT. */
const textBytesMax = 65_535

/** A client that may stay, and who its certificate says it is where that is asked for. */
export interface TrustedClient {
  readonly username: string | undefined
}

/** A client that may not, why, and what the log says of its certificate. */
export interface DistrustedClient {
  readonly because: string
  readonly certificate: { readonly serial: string; readonly subject: string } | undefined
}

/** Looks at the certificate of a client; `socket` has finished its handshake. */
export function checkClient(
  socket: TLSSocket,
  options: TlsOptions,
  revocations: Revocations | undefined,
): TrustedClient | DistrustedClient {
  if (!options.verifiesPeer) return { username: undefined }
  // getPeerX509Certificate would take the issuers out of the chain that we look at (Node 20.20).
  const certificate = socket.getPeerCertificate(true)
  if (certificate.raw === undefined) {
    if (!options.requiresPeer) return { username: undefined }
    return { because: 'the client has no certificate', certificate: undefined }
  }
  if (!socket.authorized) {
    // Node says that it is an Error and gives its code, which says more.
    const why = String(socket.authorizationError)
    return distrusted(certificate, `the client's certificate is not trusted (${why})`)
  }
  const revoked = revocations?.revokedIn(certificate)
  if (revoked !== undefined) return distrusted(certificate, becauseRevoked(certificate, revoked))
  return options.usernameFrom === 'disabled'
    ? { username: undefined }
    : named(certificate, options.usernameFrom)
}

function becauseRevoked(certificate: PeerCertificate, revoked: string): string {
  if (serialOf(certificate) === revoked) return `the client's certificate is revoked`
  return `an issuer of the client's certificate is revoked (serial ${revoked})`
}

function named(
  certificate: PeerCertificate,
  from: Exclude<CertificateName, 'disabled'>,
): TrustedClient | DistrustedClient {
  const username = from === 'dn' ? subjectOf(certificate) : certificate.subject.CN
  if (typeof username !== 'string' || username === '') {
    const what = from === 'dn' ? 'subject' : 'one common name'
    const because = `the client's certificate has no ${what} to be its user name`
    return distrusted(certificate, because)
  }
  if (username.includes('\0') || Buffer.byteLength(username) > textBytesMax) {
    return distrusted(certificate, "the name in the client's certificate can be no user name")
  }
  return { username }
}

/**
 * A subject as RFC 4514 writes it, the last part first: `CN=sensor-1,O=Example,C=DE`. Node has a part
 * a line, in the certificate's order, with RFC 4514's escapes.
 */
export function distinguishedName(subject: string | undefined): string {
  return (subject ?? '').split('\n').reverse().join(',').replaceAll(' + ', '+')
}

function distrusted(certificate: PeerCertificate, because: string): DistrustedClient {
  const subject = subjectOf(certificate)
  return { because, certificate: { serial: serialOf(certificate), subject } }
}

function subjectOf(certificate: PeerCertificate): string {
  return distinguishedName(new X509Certificate(certificate.raw).subject)
}

function serialOf(certificate: PeerCertificate): string {
  return certificate.serialNumber.toLowerCase().replace(/^0+(?=.)/, '')
}
