import type { Socket } from 'node:net'
import { createServer, type Server, TLSSocket } from 'node:tls'
import type { Services } from '../../channel/ports.ts'
import type { Handshakes } from '../handshakes.ts'
import { ListenError } from '../listen-error.ts'
import type { ListenerOptions } from '../options.ts'
import { checkClient, type DistrustedClient, type TrustedClient } from './client-certificate.ts'
import { CredentialError, type Credentials, readCredentials } from './credentials.ts'
import { warnOfEnds } from './expiry.ts'
import { FileWatch } from './file-watch.ts'
import type { TlsOptions } from './options.ts'

/** More than any handshake_timeout: it is `Handshakes` that looks at the time. */
const nodeTimeoutMs = 2_147_483_647
const dayMs = 86_400_000

/** What a layer works with. */
export interface TlsParts {
  readonly services: Pick<Services, 'clock' | 'deadlines' | 'log'>
  readonly handshakes: Handshakes
  /** Gets each connection whose client may stay. */
  readonly onSecure: (socket: TLSSocket) => void
}

/**
 * Makes TLS of network connections whose handshakes have begun, and looks at certificates. What the
 * files say can be replaced at any time: connections that exist go on.
 */
export class TlsLayer {
  readonly #listener: string
  readonly #options: TlsOptions
  readonly #parts: TlsParts
  readonly #server: Server
  #credentials: Credentials
  #watch: FileWatch | undefined
  #isClosed = false

  /** The layer of a listener that has `tls`. Throws: ListenError. */
  constructor(options: ListenerOptions, parts: TlsParts) {
    if (options.tls === undefined) throw new Error(`listener ${options.name} has no tls`)
    this.#listener = options.name
    this.#options = options.tls
    this.#parts = parts
    try {
      this.#credentials = readCredentials(this.#options, new Date())
    } catch (error) {
      throw error instanceof CredentialError ? new ListenError(options, error) : error
    }
    this.#server = this.#serve()
    if (this.#options.reloadsOnChange) this.#watchFiles()
    this.#warnDaily()
  }

  /** Begins the TLS handshake of a network connection. */
  begin(socket: Socket): void {
    this.#server.emit('connection', socket)
  }

  /**
   * Reads all files again, for connections to come. When there is something wrong with one of them
   * everything stays as it was, and the log says so.
   */
  reload(): void {
    const { log } = this.#parts.services
    try {
      const credentials = readCredentials(this.#options, new Date())
      this.#server.setSecureContext(credentials.context)
      this.#credentials = credentials
      log.info({ listener: this.#listener }, 'certificates are read again')
      this.#warn()
    } catch (error) {
      if (!(error instanceof CredentialError)) throw error
      const fields = { listener: this.#listener, because: error.message }
      log.error(fields, 'certificates cannot be read again: those from before stay')
    }
  }

  /** Watches files no more, and warns no more. */
  close(): void {
    this.#isClosed = true
    this.#watch?.close()
  }

  #serve(): Server {
    const { handshakes, onSecure } = this.#parts
    const server = createServer({
      ...this.#credentials.context,
      handshakeTimeout: nodeTimeoutMs,
      requestCert: this.#options.verifiesPeer,
      // We look ourselves, afterwards, so that the log can say why.
      rejectUnauthorized: false,
      SNICallback: (hostname, answer) => answer(null, this.#credentials.hosts.get(hostname)),
    })
    server.on('secureConnection', (socket) => {
      const carrier = carrierOf(socket)
      const client = this.#check(socket)
      if ('because' in client) return handshakes.refuse(carrier, client.because, client.certificate)
      handshakes.identify(carrier, client.username)
      onSecure(socket)
    })
    server.on('tlsClientError', (error: NodeJS.ErrnoException & Alert, socket) => {
      const because = `the TLS handshake failed (${error.reason ?? error.code ?? error.message})`
      handshakes.refuse(carrierOf(socket), because)
    })
    return server
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

  #watchFiles(): void {
    const { caFile, certFile, crlFile, keyFile, sni } = this.#options
    const own = [certFile, keyFile, ...sni.flatMap((host) => [host.certFile, host.keyFile])]
    const files = [...own, caFile, crlFile].filter((file) => file !== undefined)
    const onFault = (error: unknown): void => {
      const fields = { err: error, listener: this.#listener }
      this.#parts.services.log.warn(fields, 'changes of certificates may go unseen')
    }
    this.#watch = new FileWatch(this.#parts.services, files, () => this.reload(), onFault)
  }

  #warnDaily(): void {
    if (this.#isClosed) return
    this.#warn()
    const { clock, deadlines } = this.#parts.services
    deadlines.set(clock.now() + dayMs, () => this.#warnDaily())
  }

  #warn(): void {
    warnOfEnds(this.#credentials.dated, this.#listener, Date.now(), this.#parts.services.log)
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
