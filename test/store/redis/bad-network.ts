import { connect, createServer, type Server, type Socket } from 'node:net'

/** What becomes of the bytes of one direction: they pass, are lost, or are held back. */
type Passage = 'open' | 'lost' | 'held'

/** One client's connection, and the one to the server. */
class Pair {
  readonly client: Socket
  readonly server: Socket
  readonly held: Buffer[] = []

  constructor(client: Socket, port: number) {
    this.client = client
    this.server = connect(port, '127.0.0.1')
    for (const socket of [this.client, this.server]) socket.on('error', () => undefined)
  }
}

/** A network between a store and its Redis, which loses and delays as a test tells it to. */
export class BadNetwork {
  toServer: Passage = 'open'
  toClient: Passage = 'open'
  readonly #server: Server
  readonly #pairs = new Set<Pair>()

  private constructor(port: number) {
    this.#server = createServer((client) => this.#join(new Pair(client, port)))
  }

  static async start(port: number): Promise<BadNetwork> {
    const network = new BadNetwork(port)
    await new Promise<void>((resolve) => network.#server.listen(0, '127.0.0.1', resolve))
    return network
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  /** Bytes from clients that wait. */
  get heldBytes(): number {
    let bytes = 0
    for (const { held } of this.#pairs) for (const chunk of held) bytes += chunk.length
    return bytes
  }

  /** Cuts all connections of clients; what is held back for the server is not lost. */
  cut(): void {
    for (const { client } of this.#pairs) client.destroy()
  }

  /** Lets what was held back arrive, also from clients that are gone; resolves when it is answered. */
  async release(): Promise<void> {
    this.toServer = 'open'
    for (const { held, server } of this.#pairs) {
      if (held.length === 0) continue
      const answered = new Promise((resolve) => server.once('data', resolve))
      for (const chunk of held.splice(0)) server.write(chunk)
      await answered
    }
  }

  stop(): void {
    for (const { client, server } of this.#pairs) {
      client.destroy()
      server.destroy()
    }
    this.#server.close()
  }

  #join(pair: Pair): void {
    const { client, held, server } = pair
    this.#pairs.add(pair)
    client.on('data', (chunk) => {
      if (this.toServer === 'open') server.write(chunk)
      else if (this.toServer === 'held') held.push(chunk)
    })
    server.on('data', (chunk) => {
      if (this.toClient === 'open') client.write(chunk)
    })
    server.on('close', () => client.destroy())
    client.on('close', () => {
      if (held.length === 0) server.end()
    })
  }
}
