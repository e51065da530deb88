import { createServer } from 'node:net'

/**
 * A TCP port of the loopback that is free now. Somebody else may take it before you do, so use it
 * only where port 0 cannot be asked for.
 */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}
