import type { BrokerProcess } from '../support/broker-process.ts'
import { RawClient } from '../support/raw-client.ts'
import { lasting, leaveSession, publish, StoreScene } from './store-kit.ts'

/** A store with a bit of everything, of a broker that has ended. */
export async function filledScene(): Promise<StoreScene> {
  const scene = new StoreScene()
  const broker = await scene.start()
  await leaveSession(broker, 'away', 'a/#')
  await publish(broker, 'a/1', ['one', 'two'], { qos: 2 })
  await publish(broker, 'a/2', ['three'], { properties: { contentType: 'text/plain' } })
  await publish(broker, 'state', ['on'], { retain: true })
  await leaveInFlight(broker)
  await broker.kill()
  return scene
}

/** A client that is connected at the end, with a will, and has not acknowledged what it was sent. */
async function leaveInFlight(broker: BrokerProcess): Promise<void> {
  const client = await RawClient.connect(
    { port: broker.port() },
    {
      ...lasting,
      clientId: 'here',
      will: { topic: 'will', payload: Buffer.from('gone'), qos: 1, retain: true },
    },
  )
  await client.subscribe('b', { qos: 1 })
  await publish(broker, 'b', ['in flight'])
  await client.expect('publish')
  client.send({ cmd: 'publish', topic: 'c', payload: 'x', qos: 2, messageId: 77 })
  await client.expect('pubrec')
}

/**
 * The lines of an export between the header and the trailer, in an order of their own. Times differ
 * by what passes between one look at a clock and the next.
 */
export function bodyOf(text: string): string[] {
  const lines = text
    .replace(/:\d{13}\b/g, ':0')
    .trimEnd()
    .split('\n')
  return lines.slice(1, -1).sort()
}
