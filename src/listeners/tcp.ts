import type { Listener } from './listener.ts'
import { openPort } from './open-port.ts'
import type { ListenerOptions } from './options.ts'
import { peerAddress } from './peer-address.ts'
import type { Reception } from './reception.ts'
import { TcpStream } from './tcp-stream.ts'

/** Listens for MQTT over TCP. Rejects: ListenError. */
export async function listenTcp(options: ListenerOptions, reception: Reception): Promise<Listener> {
  const { address, port, close } = await openPort(options, reception, (socket) =>
    reception.accept(new TcpStream(socket), peerAddress(socket)),
  )
  return { options, reception, address, port, tls: undefined, stopAccepting: close }
}
