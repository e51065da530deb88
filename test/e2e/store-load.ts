import type { BrokerProcess } from '../support/broker-process.ts'
import { RawClient } from '../support/raw-client.ts'

/** Publishes all the time, at QoS 1; each payload begins with its number. */
export class StoreLoad {
  acknowledged = 0
  #isStopped = false
  #wanted = Number.POSITIVE_INFINITY
  #onReached: () => void = () => {}

  constructor(broker: BrokerProcess) {
    // The broker is killed meanwhile.
    this.#run(broker).catch(() => undefined)
  }

  /** Resolves when so many were acknowledged. */
  reached(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wanted = count
      this.#onReached = resolve
    })
  }

  stop(): void {
    this.#isStopped = true
  }

  async #run(broker: BrokerProcess): Promise<void> {
    const client = await RawClient.connect({ port: broker.port() })
    let sent = 0
    while (!this.#isStopped) {
      for (; sent < this.acknowledged + 50; sent++) {
        const payload = `${sent + 1} ${'x'.repeat(8000)}`
        const messageId = (sent % 65_535) + 1
        client.send({ cmd: 'publish', topic: 'load/x', payload, qos: 1, messageId })
      }
      await client.expect('puback', 20_000)
      if (++this.acknowledged >= this.#wanted) this.#onReached()
    }
  }
}
