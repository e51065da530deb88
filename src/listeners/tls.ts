import type { TLSSocket } from 'node:tls'
import { Handshakes } from './handshakes.ts'
import type { Listener } from './listener.ts'
import { openPort } from './open-port.ts'
import type { ListenerOptions } from './options.ts'
import type { Reception } from './reception.ts'
import { TcpStream } from './tcp-stream.ts'
import { carrierOf, TlsLayer } from './tls/tls-layer.ts'

/** Listens for MQTT over TLS. Rejects: ListenError. */
export async function listenTls(options: ListenerOptions, reception: Reception): Promise<Listener> {
  const handshakes = new Handshakes(reception, options.handshakeMs)
  const onSecure = (socket: TLSSocket): void => {
    const greeted = handshakes.finish(carrierOf(socket))
    if (greeted === undefined) socket.destroy()
    else reception.welcome(new TcpStream(socket), greeted.peer, greeted.admission)
  }
  const { services } = reception
  const tls = new TlsLayer(options, { services, handshakes, onSecure })
  const { address, port, close } = await openPort(options, reception, (socket, from) => {
    if (handshakes.begin(socket, from)) tls.begin(socket)
  })
  const stopAccepting = (): void => {
    close()
    tls.close()
    handshakes.cutOff()
  }
  return { options, reception, address, port, tls, stopAccepting }
}
