import type { Listener } from './listener.ts'
import { openPort } from './open-port.ts'
import type { ListenerOptions } from './options.ts'
import type { Reception } from './reception.ts'
import { TcpStream } from './tcp-stream.ts'

/** Listens for MQTT over TCP, or over a Unix socket. Rejects: ListenError. */
export async function listenTcp(options: ListenerOptions, reception: Reception): Promise<Listener> {
  const { address, port, close } = await openPort(options, reception, (socket, from) =>
    reception.accept(new TcpStream(socket), from),
  )
  return { options, reception, address, port, tls: undefined, stopAccepting: close }
}
