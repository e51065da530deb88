import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { defaultConfiguration } from '../../src/config/load.ts'
import { Daemon, type DaemonExtras } from '../../src/daemon.ts'
import { defaultListenerOptions, type ListenerOptions } from '../../src/listeners/options.ts'
import type { TlsOptions } from '../../src/listeners/tls/options.ts'
import { type CertificateFolder, type Issued, keyPem, type TestCa } from './certificates.ts'
import type { TestLog } from './test-log.ts'

/** What holds beside certificate and key. */
export const plainTls: Omit<TlsOptions, 'certFile' | 'keyFile'> = {
  caFile: undefined,
  crlFile: undefined,
  verifiesPeer: false,
  requiresPeer: false,
  usernameFrom: 'disabled',
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  ciphers: undefined,
  sni: [],
  reloadsOnChange: false,
}

/** A `tls` with a certificate of the authority for this machine. */
export async function tlsOf(
  ca: TestCa,
  folder: CertificateFolder,
  more: Partial<TlsOptions> = {},
): Promise<TlsOptions> {
  const server = await ca.issue({ hosts: ['localhost', '127.0.0.1'] })
  return { ...plainTls, ...(await folder.writePair('server', server)), ...more }
}

/** A daemon in this process that keeps nothing, with these listeners on free ports. */
export async function startTlsDaemon(
  listeners: readonly Partial<ListenerOptions>[],
  log: TestLog,
  extras?: DaemonExtras,
): Promise<Daemon> {
  const defaults = defaultConfiguration()
  const configuration = {
    ...defaults,
    store: { ...defaults.store, backend: 'memory' as const },
    listeners: listeners.map((options) => ({ ...defaultListenerOptions, port: 0, ...options })),
    shutdown: { timeoutMs: 500 },
  }
  const daemon = new Daemon(configuration, log, extras)
  await daemon.start()
  return daemon
}

/** A TLS connection to a listener; rejects when there is none. */
export function connectTls(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ...options })
    socket.once('error', reject)
    socket.once('secureConnect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}

/** A certificate as a client has it. */
export async function shown(issued: Issued): Promise<ConnectionOptions> {
  return { cert: issued.certificate.toString('pem'), key: await keyPem(issued) }
}
