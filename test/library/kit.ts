import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync, type MqttClient } from 'mqtt'
import { onTestFinished } from 'vitest'
import {
  type ConfigurationKeys,
  type CreateBrokerOptions,
  createBroker,
  type EmbeddedBroker,
} from '../../src/index.ts'

/** A broker on a free port that keeps nothing, unless the test says otherwise; stopped with the test. */
export async function startLibraryBroker(
  configuration: ConfigurationKeys = {},
  options: CreateBrokerOptions = {},
): Promise<EmbeddedBroker> {
  const broker = newLibraryBroker(configuration, options)
  await broker.start()
  return broker
}

/** The same, not started. */
export function newLibraryBroker(
  configuration: ConfigurationKeys = {},
  options: CreateBrokerOptions = {},
): EmbeddedBroker {
  const broker = createBroker(
    {
      listeners: [{ name: 'tcp', bind: '127.0.0.1:0' }],
      store: { backend: 'memory' },
      shutdown: { timeout: '1s' },
      log: { level: 'silent' },
      ...configuration,
    },
    options,
  )
  onTestFinished(() => broker.stop())
  return broker
}

/** A client of MQTT 5 over the network. */
export async function connectTo(broker: EmbeddedBroker, clientId: string): Promise<MqttClient> {
  const { port } = broker.addresses[0] ?? { port: 0 }
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { clientId, protocolVersion: 5 })
  onTestFinished(() => {
    client.end(true)
  })
  return client
}

/** A folder that goes with the test. */
export function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-broker-library-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Collects what comes; `until(n)` resolves when there are so many. */
export class Collected<T> {
  readonly items: T[] = []
  readonly #waiting: { count: number; resolve: () => void }[] = []

  readonly add = (item: T): void => {
    this.items.push(item)
    for (const waiter of this.#waiting) if (this.items.length >= waiter.count) waiter.resolve()
  }

  async until(count: number): Promise<T[]> {
    if (this.items.length < count) {
      await new Promise<void>((resolve) => {
        this.#waiting.push({ count, resolve })
      })
    }
    return this.items
  }
}
