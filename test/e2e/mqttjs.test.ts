import mqtt, { type IClientOptions, type MqttClient } from 'mqtt'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type BrokerProcess, startBroker } from '../support/broker-process.ts'
import { Inbox } from './inbox.ts'
import { numbered } from './mosquitto.ts'

const listeners = [
  { name: 'tcp', type: 'tcp', bind: '127.0.0.1:0' },
  { name: 'ws', type: 'ws', bind: '127.0.0.1:0' },
]
/** A publisher that is faster than its subscriber must not meet the queue's limit here. */
const zones = { default: { max_mqueue_len: 20_000 } }
const config = { listeners, zones, log: { format: 'json' } }

let broker: BrokerProcess
beforeAll(async () => {
  broker = await startBroker({ config, listeners: ['tcp', 'ws'] })
})
afterAll(() => broker?.dispose())

describe.each(['tcp', 'ws'] as const)('MQTT.js over %s', (transport) => {
  describe.each([4, 5] as const)('MQTT %i', (protocolVersion) => {
    const topic = `${transport}/${protocolVersion}`

    test('QoS 2: each of 500 messages arrives once, in order', async () => {
      const sub = await connect()
      const inbox = new Inbox(sub)
      await sub.subscribeAsync(`${topic}/two`, { qos: 2 })
      const pub = await connect()
      const payloads = numbered('', 500)
      await Promise.all(payloads.map((one) => pub.publishAsync(`${topic}/two`, one, { qos: 2 })))
      expect(await inbox.texts(500)).toEqual(payloads)
    })

    test('a session outlives the connection; what comes meanwhile is delivered', async () => {
      const clientId = `back-${transport}-${protocolVersion}`
      const sub = await connect({ clientId, clean: false, ...expiry(60), reconnectPeriod: 50 })
      const inbox = new Inbox(sub)
      await sub.subscribeAsync(`${topic}/missed`, { qos: 1 })
      const isBack = new Promise<boolean>((resolve) => {
        sub.once('connect', ({ sessionPresent }) => resolve(sessionPresent))
      })
      const pub = await connect()
      sub.stream.destroy()
      const payloads = numbered('', 100)
      await Promise.all(payloads.map((one) => pub.publishAsync(`${topic}/missed`, one, { qos: 1 })))
      expect(await isBack).toBe(true)
      expect(await inbox.texts(100)).toEqual(payloads)
    })

    function expiry(sessionExpiryInterval: number): IClientOptions {
      return protocolVersion === 5 ? { properties: { sessionExpiryInterval } } : {}
    }

    function connect(options: IClientOptions = {}): Promise<MqttClient> {
      return connectTo(transport, { protocolVersion, ...options })
    }
  })

  test('20,000 messages of QoS 1 arrive in order, none is lost', async () => {
    const sub = await connectTo(transport, { protocolVersion: 5 })
    const inbox = new Inbox(sub)
    await sub.subscribeAsync(`${transport}/many`, { qos: 1 })
    const pub = await connectTo(transport, { protocolVersion: 5 })
    const payloads = numbered('', 20_000)
    for (let at = 0; at < payloads.length; at += 500) {
      const some = payloads.slice(at, at + 500)
      await Promise.all(some.map((one) => pub.publishAsync(`${transport}/many`, one, { qos: 1 })))
    }
    expect(await inbox.texts(payloads.length)).toEqual(payloads)
  })

  test('request and response, with the properties of MQTT 5', async () => {
    const server = await connectTo(transport, { protocolVersion: 5 })
    server.on('message', (_topic, payload, { properties }) => {
      if (properties?.responseTopic === undefined) return
      const { responseTopic, correlationData, userProperties } = properties
      server.publish(responseTopic, `${payload}, too`, {
        qos: 1,
        properties: {
          ...(correlationData !== undefined && { correlationData }),
          ...(userProperties !== undefined && { userProperties }),
        },
      })
    })
    await server.subscribeAsync(`${transport}/requests`, { qos: 1 })
    const client = await connectTo(transport, { protocolVersion: 5 })
    const inbox = new Inbox(client)
    await client.subscribeAsync(`${transport}/answers`, { qos: 1 })
    const properties = {
      responseTopic: `${transport}/answers`,
      correlationData: Buffer.from([0, 1, 255]),
      userProperties: { room: ['kitchen', 'hall'], floor: '2' },
    }
    await client.publishAsync(`${transport}/requests`, 'hello', { qos: 1, properties })
    const [answer] = await inbox.received(1)
    expect(answer?.payload.toString()).toBe('hello, too')
    expect(answer?.properties?.correlationData).toEqual(properties.correlationData)
    expect({ ...answer?.properties?.userProperties }).toEqual(properties.userProperties)
  })
})

async function connectTo(transport: 'tcp' | 'ws', options: IClientOptions): Promise<MqttClient> {
  const path = transport === 'ws' ? '/mqtt' : ''
  const scheme = transport === 'ws' ? 'ws' : 'mqtt'
  const url = `${scheme}://127.0.0.1:${broker.port(transport)}${path}`
  const client = await mqtt.connectAsync(url, { reconnectPeriod: 0, ...options })
  onTestFinished(() => client.endAsync(true))
  return client
}
