import { createServer, type IncomingMessage, type Server, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { ChannelOptions } from '../channel/options.ts'
import { Handshakes } from './handshakes.ts'
import type { Listener } from './listener.ts'
import { openPort } from './open-port.ts'
import type { ListenerOptions } from './options.ts'
import { isAllowedOrigin } from './origin.ts'
import type { Reception } from './reception.ts'
import { carrierOf, TlsLayer } from './tls/tls-layer.ts'
import { WebSocketStream } from './websocket-stream.ts'

/** Subprotocols that we speak, the one to prefer first. `mqttv3.1` is what old 3.1 clients offer. */
const subprotocols = ['mqtt', 'mqttv3.1'] as const
/** A frame may join several packets, so it may be longer than one. */
const frameSlack = 64 * 1024
/**
 * Listens for MQTT over WebSocket on one path, over TLS for the type `wss`; the client must offer the
 * subprotocol `mqtt`. Rejects: ListenError. [MQTT-6.0.0-3] [MQTT-6.0.0-4]
 */
export async function listenWebSocket(
  options: ListenerOptions,
  reception: Reception,
  zone: ChannelOptions,
): Promise<Listener> {
  const handshakes = new Handshakes(reception, Math.min(options.handshakeMs, zone.idleTimeoutMs))
  const http = upgrader(options, zone, (webSocket, socket) => {
    const greeted = handshakes.finish(carrierOf(socket))
    if (greeted === undefined) webSocket.terminate()
    else reception.welcome(new WebSocketStream(webSocket), greeted.peer, greeted.admission)
  })
  const speakHttp = (socket: Socket): unknown => http.emit('connection', socket)
  const { services } = reception
  const tls =
    options.type === 'wss'
      ? new TlsLayer(options, { services, handshakes, onSecure: speakHttp })
      : undefined
  const { address, port, close } = await openPort(options, reception, (socket, from) => {
    if (!handshakes.begin(socket, from)) return
    if (tls === undefined) speakHttp(socket)
    else tls.begin(socket)
  })
  const stopAccepting = (): void => {
    close()
    tls?.close()
    handshakes.cutOff()
  }
  return { options, reception, address, port, tls, stopAccepting }
}

/**
 * An HTTP server that listens nowhere: it is given its connections, whose time to become a WebSocket
 * is limited by who gives them.
 */
function upgrader(
  options: ListenerOptions,
  zone: ChannelOptions,
  onUpgraded: (webSocket: WebSocket, socket: Socket) => void,
): Server {
  const server = createServer()
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
    const refusal = refuseUpgrade(request, options)
    if (refusal !== undefined) return reject(socket, refusal.status, refusal.why)
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      onUpgraded(webSocket, socket as Socket)
    })
  })
  return server
}

function refuseUpgrade(
  request: IncomingMessage,
  { allowedOrigins, path }: ListenerOptions,
): { status: number; why: string } | undefined {
  const asked = (request.url ?? '').split('?')[0]
  if (asked !== path) return { status: 404, why: `MQTT is at ${path}` }
  if (!isAllowedOrigin(request.headers.origin, allowedOrigins)) {
    return { status: 403, why: 'pages of this origin may not connect' }
  }
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
