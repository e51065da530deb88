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
  const layer = TlsLayer.of(options, handshakes, (socket) => {
    const greeted = handshakes.finish(carrierOf(socket))
    if (greeted === undefined) socket.destroy()
    else reception.welcome(new TcpStream(socket), greeted.peer, greeted.admission)
  })
  const { address, port, close } = await openPort(options, reception, (socket) => {
    if (handshakes.begin(socket)) layer.begin(socket)
  })
  const stopAccepting = (): void => {
    close()
    handshakes.cutOff()
  }
  return { options, reception, address, port, stopAccepting }
}
