import type { IPublishPacket, MqttClient } from 'mqtt'

/** Milliseconds that messages may take; it bounds, it never paces. */
const waitMsMax = 30_000

/** Keeps what an MQTT.js client receives, in order. */
export class Inbox {
  readonly #packets: IPublishPacket[] = []
  #look: () => void = () => {}

  constructor(client: MqttClient) {
    client.on('message', (_topic, _payload, packet) => {
      this.#packets.push(packet)
      this.#look()
    })
  }

  /** Everything that came, once there is so much of it. */
  received(count: number): Promise<IPublishPacket[]> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`${this.#packets.length} of ${count} messages came in ${waitMsMax} ms`))
      }, waitMsMax)
      this.#look = () => {
        if (this.#packets.length < count) return
        clearTimeout(timer)
        resolve(this.#packets)
      }
      this.#look()
    })
  }

  /** The payloads of everything that came, once there is so much of it. */
  async texts(count: number): Promise<string[]> {
    return (await this.received(count)).map(({ payload }) => payload.toString())
  }
}
