import { expect, test } from 'vitest'
import { TestBroker } from '../support/test-broker.ts'

const highWatermark = 16 * 1024

test('who asks and does not read the answers is not read either, until it reads', async () => {
  const broker = new TestBroker({ listener: { highWatermark } })
  const client = await broker.connect()
  client.stream.pause()
  const pings = Buffer.alloc(highWatermark).fill(Buffer.from([0xc0, 0x00]))
  const chunks = 20
  for (let i = 0; i < chunks; i++) {
    client.sendBytes(pings)
    await broker.settle()
  }
  const { counters } = broker.broker.services
  // Two watermarks, the chunk that passed them, one under way, and the buffer of the stream.
  expect(counters.pingreqReceived).toBeLessThanOrEqual((5 * highWatermark) / 2)
  client.stream.resume()
  await broker.settle()
  await client.expectMany('pingresp', (chunks * highWatermark) / 2)
})
