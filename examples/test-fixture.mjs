// A broker for the tests of another program: on a free port, with nothing on disk, gone at the end.
//   node --test test-fixture.mjs
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createBroker } from 'mqtt-broker-daemon'

const broker = createBroker({
  listeners: [{ name: 'tcp', bind: '127.0.0.1:0' }],
  store: { backend: 'memory' },
  log: { level: 'silent' },
})
before(() => broker.start())
after(() => broker.stop())

/** What is to be tested: reports a temperature where it is told to. */
async function report(publish, degrees) {
  await publish({ topic: 'temperature', payload: String(degrees), qos: 1 })
}

test('the temperature is reported once', async () => {
  const reported = new Promise((resolve) => {
    broker.subscribe('temperature', (message) => resolve(message.text()))
  })
  await report((request) => broker.publish(request), 21.5)
  assert.equal(await reported, '21.5')
})

test('a broker listens where a client can be told to connect', () => {
  const [{ address, port }] = broker.addresses
  assert.equal(address, '127.0.0.1')
  assert.ok(port > 0)
})
