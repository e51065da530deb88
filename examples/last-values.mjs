// Keeps the last value of every sensor and publishes a summary of them, which is retained.
//   node last-values.mjs [port]
import { createBroker } from 'mqtt-broker-daemon'

const port = process.argv[2] ?? '1883'
const broker = createBroker({
  listeners: [{ name: 'tcp', bind: `127.0.0.1:${port}` }],
  zones: { default: { max_packet_size: '64KB' } },
  store: { backend: 'memory' },
})
await broker.start()
console.log(`listening on port ${broker.addresses[0].port}`)

/** Topic to number. */
const values = new Map()

broker.subscribe('sensors/+/value', (message) => {
  const value = Number(message.text())
  if (Number.isNaN(value)) return
  values.set(message.topic, value)
  summarize().catch((error) => console.error(`no summary: ${error.message}`))
})

async function summarize() {
  const all = [...values.values()]
  const summary = { count: all.length, highest: Math.max(...all), lowest: Math.min(...all) }
  await broker.publish({
    topic: 'sensors/summary',
    payload: JSON.stringify(summary),
    qos: 1,
    retain: true,
    properties: { contentType: 'application/json' },
  })
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => broker.stop())
