import { createServer, type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { ChannelOptions } from '../channel/options.ts'
import type { Listener } from './listener.ts'
import type { ListenerOptions } from './options.ts'
import type { Reception } from './reception.ts'
import { listen, peerAddress } from './tcp.ts'
import { WebSocketStream } from './websocket-stream.ts'

/** Subprotocols that we speak, the one to prefer first. `mqttv3.1` is what old 3.1 clients offer. */
const subprotocols = ['mqtt', 'mqttv3.1'] as const
/** A frame may join several packets, so it may be longer than one. */
const frameSlack = 64 * 1024
/** From connecting to a whole upgrade request, if `idle_timeout` is not shorter. */
const handshakeMsMax = 10_000
const handshakeCheckMs = 1000

/**
 * Listens for MQTT over WebSocket on one path; the client must offer the subprotocol `mqtt`.
 * Throws: ListenError. [MQTT-6.0.0-3] [MQTT-6.0.0-4]
 */
export async function listenWebSocket(
  options: ListenerOptions,
  reception: Reception,
  zone: ChannelOptions,
): Promise<Listener> {
  const handshakeMs = Math.min(handshakeMsMax, zone.idleTimeoutMs)
  const server = createServer({
    noDelay: options.noDelay,
    keepAlive: options.keepAliveMs !== undefined,
    keepAliveInitialDelay: options.keepAliveMs ?? 0,
    headersTimeout: handshakeMs,
    requestTimeout: handshakeMs,
    connectionsCheckingInterval: Math.min(handshakeCheckMs, handshakeMs),
  })
  const strangers = new Strangers(reception)
  server.on('connection', (socket) => strangers.enter(socket))
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    autoPong: false,
    skipUTF8Validation: true,
    maxPayload: zone.maximumPacketSize + frameSlack,
    handleProtocols: (offered) => subprotocols.find((name) => offered.has(name)) ?? false,
  })
  server.on('request', (_request, response) => {
    const body = `MQTT over WebSocket is at ${options.path}; this is not a web server.\n`
    response.writeHead(426, {
      'content-type': 'text/plain',
      upgrade: 'websocket',
      connection: 'close',
    })
    response.end(body)
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    const refusal = refuseUpgrade(request, options.path)
    if (refusal !== undefined) return reject(socket, refusal.status, refusal.why)
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      strangers.leave(socket)
      reception.accept(new WebSocketStream(webSocket), peerAddress(socket as Socket))
    })
  })
  const { address, port } = await listen(server, options, reception)
  const stopAccepting = (): void => {
    server.close()
    // Those that are not upgraded: `close` would wait for them, and look at no time-out any more.
    server.closeAllConnections()
  }
  return { options, reception, address, port, stopAccepting }
}

/** Network connections before their upgrade, each of which has an open file. */
class Strangers {
  readonly #reception: Reception
  readonly #sockets = new Set<Duplex>()

  constructor(reception: Reception) {
    this.#reception = reception
  }

  enter(socket: Duplex): void {
    if (!this.#reception.enterStranger()) {
      socket.destroy()
      return
    }
    this.#sockets.add(socket)
    socket.once('close', () => this.leave(socket))
  }

  /** It is upgraded, or gone; the second call does nothing. */
  leave(socket: Duplex): void {
    if (this.#sockets.delete(socket)) this.#reception.leaveStranger()
  }
}

function refuseUpgrade(
  request: IncomingMessage,
  path: string,
): { status: number; why: string } | undefined {
  const asked = (request.url ?? '').split('?')[0]
  if (asked !== path) return { status: 404, why: `MQTT is at ${path}` }
  const offered = (request.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((name) => name.trim())
  if (!subprotocols.some((name) => offered.includes(name))) {
    return { status: 400, why: 'offer the subprotocol mqtt' }
  }
  return undefined
}

function reject(socket: Duplex, status: number, why: string): void {
  const body = `${why}\n`
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n` +
      `Content-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}
