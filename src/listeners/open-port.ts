import { type AddressInfo, createServer, type Socket } from 'node:net'
import { ListenError } from './listen-error.ts'
import type { ListenerOptions } from './options.ts'
import type { Reception } from './reception.ts'

/** Where network connections come from. */
export interface OpenPort {
  readonly address: string
  readonly port: number
  readonly close: () => void
}

/**
 * Opens a listener's port and hands over each network connection that the system accepts; what
 * fails later is logged and ends nothing. Rejects: ListenError.
 */
export async function openPort(
  options: ListenerOptions,
  reception: Reception,
  onSocket: (socket: Socket) => void,
): Promise<OpenPort> {
  const server = createServer(
    {
      noDelay: options.noDelay,
      keepAlive: options.keepAliveMs !== undefined,
      keepAliveInitialDelay: options.keepAliveMs ?? 0,
      highWaterMark: 64 * 1024,
    },
    onSocket,
  )
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
  const { address, port } = server.address() as AddressInfo
  return { address, port, close: () => server.close() }
}
