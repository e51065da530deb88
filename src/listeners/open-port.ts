import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { SocketFile } from '../socket-file.ts'
import { ListenError } from './listen-error.ts'
import type { ListenerOptions } from './options.ts'
import { peerAddress } from './peer-address.ts'
import type { Reception } from './reception.ts'

/** Where network connections come from. */
export interface OpenPort {
  /** The path of a Unix socket, or an address. */
  readonly address: string
  /** 0 for a Unix socket. */
  readonly port: number
  readonly close: () => void
}

/** The address of clients that come through a Unix socket, which have none. */
const unixAddress = 'unix'

/**
 * Opens a listener's port or Unix socket, and hands over each network connection that the system
 * accepts, with its address; what fails later is logged and ends nothing. Rejects: ListenError.
 */
export async function openPort(
  options: ListenerOptions,
  reception: Reception,
  onSocket: (socket: Socket, address: string) => void,
): Promise<OpenPort> {
  const isUnix = options.unixPath !== undefined
  const server = createServer(
    {
      noDelay: options.noDelay,
      keepAlive: options.keepAliveMs !== undefined,
      keepAliveInitialDelay: options.keepAliveMs ?? 0,
      highWaterMark: 64 * 1024,
    },
    (socket) => onSocket(socket, isUnix ? unixAddress : peerAddress(socket)),
  )
  const port = isUnix
    ? await listenOnFile(server, options, options.unixPath, reception)
    : await listenOnPort(server, options)
  server.on('error', (error) => reception.acceptFailed(error))
  return port
}

async function listenOnFile(
  server: Server,
  options: ListenerOptions,
  path: string,
  { services }: Reception,
): Promise<OpenPort> {
  const access = { mode: options.socketMode, folderMode: 0o755, backlog: options.backlog }
  try {
    const file = await SocketFile.listen(server, path, access)
    const close = (): void => {
      server.close()
      file.remove().catch((error: unknown) => {
        services.log.warn({ err: error, path }, 'the socket of a listener could not be taken away')
      })
    }
    return { address: path, port: 0, close }
  } catch (error) {
    server.close()
    throw new ListenError(options, error as Error)
  }
}

async function listenOnPort(server: Server, options: ListenerOptions): Promise<OpenPort> {
  await new Promise<void>((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => reject(new ListenError(options, error))
    server.once('error', onError)
    const { backlog, host, port } = options
    server.listen({ port, backlog, ...(host !== undefined && { host }) }, () => {
      server.off('error', onError)
      resolve()
    })
  })
  const { address, port } = server.address() as AddressInfo
  return { address, port, close: () => server.close() }
}
