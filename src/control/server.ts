import { createServer, type Server, type Socket } from 'node:net'
import type { Logger } from '../base/logger.ts'
import { SocketFile } from '../socket-file.ts'
import { ControlConnection } from './connection.ts'
import type { ControlHandlers } from './handlers.ts'
import { ControlError, lineOf } from './protocol.ts'

/** Connections at a time; one more is told so and hung up on. */
const connectionsMax = 16

/** Answers requests on a socket in the file system, for who may open it: the owner. */
export class ControlServer {
  readonly #handlers: ControlHandlers
  readonly #log: Logger
  readonly #server: Server
  readonly #connections = new Set<ControlConnection>()
  #file: SocketFile | undefined

  private constructor(handlers: ControlHandlers, log: Logger) {
    this.#handlers = handlers
    this.#log = log
    this.#server = createServer((socket) => this.#accept(socket))
  }

  /** Rejects: SocketInUse, SocketUnavailable, or what the system says. */
  static async open(path: string, handlers: ControlHandlers, log: Logger): Promise<ControlServer> {
    const server = new ControlServer(handlers, log)
    try {
      server.#file = await SocketFile.listen(server.#server, path)
    } catch (error) {
      server.#server.close()
      throw error
    }
    server.#server.on('error', (error) => log.error({ err: error }, 'the control socket failed'))
    return server
  }

  /** Takes the socket away, ends what is under way, and resolves when that is done. */
  async close(): Promise<void> {
    try {
      await this.#file?.remove()
    } catch (error) {
      this.#log.warn({ err: error }, 'the control socket could not be taken away')
    }
    this.#server.close()
    const because = new ControlError('refused', 'the broker stops')
    await Promise.all([...this.#connections].map((connection) => connection.end(because)))
  }

  #accept(socket: Socket): void {
    if (this.#connections.size >= connectionsMax) {
      const message = `${connectionsMax} connections are open, which is the limit`
      socket.on('error', () => socket.destroy())
      socket.end(lineOf({ error: { code: 'refused', message } }))
      return
    }
    const connection = new ControlConnection(socket, this.#handlers, this.#log)
    this.#connections.add(connection)
    socket.on('close', () => this.#connections.delete(connection))
  }
}
