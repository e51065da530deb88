import type { Socket } from 'node:net'
import { createServer, type Server, TLSSocket } from 'node:tls'
import type { Handshakes } from '../handshakes.ts'
import { ListenError } from '../listen-error.ts'
import type { ListenerOptions } from '../options.ts'
import { checkClient, type DistrustedClient, type TrustedClient } from './client-certificate.ts'
import { CredentialError, type Credentials, readCredentials } from './credentials.ts'
import type { TlsOptions } from './options.ts'

/** More than any handshake_timeout: it is `Handshakes` that looks at the time. */
const nodeTimeoutMs = 2_147_483_647

/** Makes TLS of network connections whose handshakes have begun, and looks at certificates. */
export class TlsLayer {
  readonly #options: TlsOptions
  readonly #server: Server
  #credentials: Credentials

  /** The layer of a listener that has `tls`. Throws: ListenError. */
  static of(
    options: ListenerOptions,
    handshakes: Handshakes,
    onSecure: (socket: TLSSocket) => void,
  ): TlsLayer {
    if (options.tls === undefined) throw new Error(`listener ${options.name} has no tls`)
    try {
      return new TlsLayer(options.tls, handshakes, onSecure)
    } catch (error) {
      throw error instanceof CredentialError ? new ListenError(options, error) : error
    }
  }

  /** `onSecure` gets each connection whose client may stay. Throws: CredentialError. */
  constructor(options: TlsOptions, handshakes: Handshakes, onSecure: (socket: TLSSocket) => void) {
    this.#options = options
    this.#credentials = readCredentials(options, new Date())
    this.#server = createServer({
      ...this.#credentials.context,
      handshakeTimeout: nodeTimeoutMs,
      requestCert: options.verifiesPeer,
      // We look ourselves, afterwards, so that the log can say why.
      rejectUnauthorized: false,
      SNICallback: (hostname, answer) => answer(null, this.#credentials.hosts.get(hostname)),
    })
    this.#server.on('secureConnection', (socket) => {
      const carrier = carrierOf(socket)
      const client = this.#check(socket)
      if ('because' in client) return handshakes.refuse(carrier, client.because, client.certificate)
      handshakes.identify(carrier, client.username)
      onSecure(socket)
    })
    this.#server.on('tlsClientError', (error: NodeJS.ErrnoException & Alert, socket) => {
      const because = `the TLS handshake failed (${error.reason ?? error.code ?? error.message})`
      handshakes.refuse(carrierOf(socket), because)
    })
  }

  /** What goes wrong with one certificate ends one connection. */
  #check(socket: TLSSocket): TrustedClient | DistrustedClient {
    try {
      return checkClient(socket, this.#options, this.#credentials.revocations)
    } catch (error) {
      const because = `the client's certificate cannot be read (${String(error)})`
      return { because, certificate: undefined }
    }
  }

  /** Begins the TLS handshake of a network connection. */
  begin(socket: Socket): void {
    this.#server.emit('connection', socket)
  }
}

interface Alert {
  /** OpenSSL's words. */
  readonly reason?: string
}

/** The network connection below a TLS one; Node keeps it under a name that its types leave out. */
export function carrierOf(socket: Socket): Socket {
  if (!(socket instanceof TLSSocket)) return socket
  return (socket as unknown as { readonly _parent: Socket })._parent
}
