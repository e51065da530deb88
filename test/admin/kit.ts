import type { Administered } from '../../src/admin/ports.ts'
import { adminRequests } from '../../src/admin-requests.ts'
import type { JsonObject } from '../../src/base/json-object.ts'
import type { LogLevel } from '../../src/base/logger.ts'
import { TestBroker, type TestBrokerWish } from '../support/test-broker.ts'

/** A broker in memory with what operators may ask of it. */
export class AdminKit {
  readonly test: TestBroker
  readonly log: { level: LogLevel } = { level: 'info' }
  readonly administered: Administered

  constructor(wish: TestBrokerWish = {}, more: Partial<Administered> = {}) {
    this.test = new TestBroker(wish)
    this.administered = {
      broker: this.test.broker,
      clock: this.test.time.clock,
      process: () => ({
        version: '1.2.3',
        node: 'broker-1',
        pid: 7,
        startedAtWallMs: this.test.time.clock.wallMs() - 5000,
        rssBytes: 1000,
        connections: this.test.reception.connections.size,
        logLevel: this.log.level,
        storeBackend: 'memory',
      }),
      listeners: () => [],
      log: this.log,
      reload: undefined,
      ...more,
    }
  }

  /** Asks as the control socket does. Rejects: ControlError. */
  async ask(request: string, parameters: JsonObject = {}): Promise<JsonObject> {
    const handler = adminRequests(this.administered)[request]
    if (handler === undefined) throw new Error(`no request ${request}`)
    const { signal } = new AbortController()
    return (await handler({ parameters, signal, progress: () => {} })) as JsonObject
  }

  /** Clients that stay connected, in this order. */
  async connect(...clientIds: readonly string[]) {
    const clients = []
    for (const clientId of clientIds) clients.push(await this.test.connect({ clientId }))
    return clients
  }

  /** A session whose client is away. */
  async leave(clientId: string, filters: readonly string[] = [], username?: string): Promise<void> {
    const client = await this.test.connect({
      clientId,
      clean: false,
      properties: { sessionExpiryInterval: 60 },
      ...(username !== undefined && { username }),
    })
    for (const filter of filters) await client.subscribe(filter, { qos: 1 })
    await client.drop()
    await this.test.settle()
  }

  /** Publishes as a client does, and waits for the answer. */
  async publish(topic: string, payload: string | Buffer, retain = false): Promise<void> {
    const client = await this.test.connect({ clientId: 'publisher' })
    client.send({ cmd: 'publish', topic, payload, qos: 1, messageId: 1, retain })
    await client.expect('puback')
    await client.disconnect()
  }
}
