// A broker inside a program: clients of the network and the program talk to each other.
//   node embedded.mjs [port]
import { createBroker } from 'mqtt-broker-daemon'

const port = process.argv[2] ?? '1883'
const broker = createBroker({
  listeners: [{ name: 'tcp', bind: `127.0.0.1:${port}` }],
  store: { backend: 'memory' },
})

broker.on('clientConnected', ({ clientId, address }) => {
  console.log(`${clientId} is here, from ${address}`)
})

await broker.start()
console.log(`listening on port ${broker.addresses[0].port}`)

broker.subscribe('question/+', async (message) => {
  const topic = message.topic.replace('question/', 'answer/')
  await broker.publish({ topic, payload: message.text().toUpperCase(), qos: 1 })
})

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => broker.stop())
