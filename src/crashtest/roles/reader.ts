import { PublishTemplate } from '../../client/publish-template.ts'
import { ToolClient } from '../../client/tool-client.ts'
import { AckType } from '../../mqtt/packets.ts'
import { readLabel } from '../clients/payload.ts'
import type { World } from '../clients/world.ts'
import type { Role } from './role.ts'

const pauseMs = 400

/** Asks, with new subscriptions, which messages are retained. */
export class Reader implements Role {
  readonly name = 'reader'
  readonly clients = []
  readonly #world: World
  #readings = 0

  constructor(world: World) {
    this.#world = world
  }

  async play(): Promise<void> {
    const { life } = this.#world
    for (;;) {
      const reading = new ReadingClient(this.#world, ++this.#readings)
      await life.wait(reading.read())
      if (life.isRest) return
      await life.pass(pauseMs)
    }
  }
}

/**
 * Reads once: everything that is retained comes before what is published behind the SUBACK. A message
 * that is replaced before its turn need not come any more, for its successor does: of each topic the
 * first one counts, retained or not. [MQTT-3.3.1-9]
 */
class ReadingClient extends ToolClient {
  readonly #world: World
  readonly #clientId: string
  readonly #got = new Map<string, number | undefined>()
  #onEnd: () => void = () => undefined

  constructor(world: World, number: number) {
    super(world.turn)
    this.#world = world
    this.#clientId = `${world.prefix}-reader-${number}`
  }

  async read(): Promise<void> {
    const { address, prefix, retained } = this.#world
    const end = `${prefix}/q/${this.#clientId}`
    const ended = new Promise<void>((resolve) => {
      this.#onEnd = resolve
    })
    await this.connect(address, { version: 5, clientId: this.#clientId, cleanStart: true })
    await this.subscribe([{ filter: end, qos: 1 }])
    const reading = retained.begin()
    await this.subscribe([{ filter: `${prefix}/r/#`, qos: 1 }])
    const template = new PublishTemplate({
      version: 5,
      topic: end,
      qos: 1,
      payload: Buffer.from('e'),
    })
    template.identify(1)
    this.publish(template)
    await ended
    retained.check(reading, this.#got)
    await this.disconnect()
  }

  override onPublish(
    bytes: Buffer,
    topicAt: number,
    topicEnd: number,
    payloadAt: number,
    payloadEnd: number,
    packetId: number,
    flags: number,
  ): void {
    if ((flags & 6) !== 0) this.ack(AckType.Puback, packetId)
    const topic = bytes.toString('utf8', topicAt, topicEnd)
    const label = readLabel(bytes, payloadAt, payloadEnd)
    if (topic.startsWith(`${this.#world.prefix}/q/`)) this.#onEnd()
    else if (!this.#got.has(topic)) this.#got.set(topic, label?.number)
  }
}
