import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { ListenError } from './listen-error.ts'
import type { Listener } from './listener.ts'
import type { ListenerOptions } from './options.ts'
import type { Reception } from './reception.ts'
import { TcpStream } from './tcp-stream.ts'

/** Listens for MQTT over TCP. Throws: ListenError. */
export async function listenTcp(options: ListenerOptions, reception: Reception): Promise<Listener> {
  const server = createServer(
    {
      noDelay: options.noDelay,
      keepAlive: options.keepAliveMs !== undefined,
      keepAliveInitialDelay: options.keepAliveMs ?? 0,
      highWaterMark: 64 * 1024,
    },
    (socket) => reception.accept(new TcpStream(socket), peerAddress(socket)),
  )
  const { address, port } = await listen(server, options, reception)
  return { options, reception, address, port, stopAccepting: () => server.close() }
}

/**
 * `address:port` of the other side; IPv4 addresses of a dual-stack listener as IPv4.
 * A client that is gone again already has none.
 */
export function peerAddress(socket: Socket): string {
  const address = socket.remoteAddress
  if (address === undefined) return 'unknown'
  const plain = address.startsWith('::ffff:') ? address.slice(7) : address
  return plain.includes(':') ? `[${plain}]:${socket.remotePort}` : `${plain}:${socket.remotePort}`
}

/** Opens a server's port; what fails later is logged and ends nothing. Throws: ListenError. */
export async function listen(
  server: Server,
  options: ListenerOptions,
  reception: Reception,
): Promise<AddressInfo> {
  await new Promise<void>((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => reject(new ListenError(options, error))
    server.once('error', onError)
    const { backlog, host, port } = options
    server.listen({ port, backlog, ...(host !== undefined && { host }) }, () => {
      server.off('error', onError)
      server.on('error', (error) => reception.acceptFailed(error))
      resolve()
    })
  })
  return server.address() as AddressInfo
}
