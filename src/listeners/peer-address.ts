import type { Socket } from 'node:net'

/**
 * `address:port` of the other side; IPv4 addresses of a dual-stack listener as IPv4. A client that
 * is gone again already has none.
 */
export function peerAddress(socket: Socket): string {
  const address = socket.remoteAddress
  if (address === undefined) return 'unknown'
  const plain = address.startsWith('::ffff:') ? address.slice(7) : address
  return plain.includes(':') ? `[${plain}]:${socket.remotePort}` : `${plain}:${socket.remotePort}`
}
