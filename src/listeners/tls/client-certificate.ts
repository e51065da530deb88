import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { ReasonCode } from '../../mqtt/reason-code.ts'
import { Refusal } from '../../mqtt/refusal.ts'
import type { CertificateName, TlsOptions } from './options.ts'

/** Bytes of a text in MQTT. */
const textBytesMax = 65_535

/**
 * Who the client's certificate says it is; undefined where it needs none and has none, or where its
 * name is not asked for. Refuses: NotAuthorized. `socket` has finished its handshake.
 */
export function checkClient(socket: TLSSocket, options: TlsOptions): string | undefined | Refusal {
  if (!options.verifiesPeer) return undefined
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) {
    return options.requiresPeer ? refuse('the client has no certificate') : undefined
  }
  if (!socket.authorized) {
    // Node says that it is an Error and gives its code, which says more.
    return refuse(`the client's certificate is not trusted (${String(socket.authorizationError)})`)
  }
  return nameIn(socket, certificate, options.usernameFrom)
}

function nameIn(
  socket: TLSSocket,
  certificate: X509Certificate,
  from: CertificateName,
): string | undefined | Refusal {
  if (from === 'disabled') return undefined
  const name =
    from === 'dn' ? distinguishedName(certificate.subject) : socket.getPeerCertificate().subject.CN
  if (typeof name !== 'string' || name === '') {
    const what = from === 'dn' ? 'subject' : 'one common name'
    return refuse(`the client's certificate has no ${what} to be its user name`)
  }
  if (name.includes('\0') || Buffer.byteLength(name) > textBytesMax) {
    return refuse("the name in the client's certificate can be no user name")
  }
  return name
}

/**
 * A subject as RFC 4514 writes it, the last part first: `CN=sensor-1,O=Example,C=DE`. Node has a part
 * a line, in the certificate's order, with RFC 4514's escapes.
 */
export function distinguishedName(subject: string): string {
  return subject.split('\n').reverse().join(',').replaceAll(' + ', '+')
}

function refuse(because: string): Refusal {
  return new Refusal(ReasonCode.NotAuthorized, because)
}
