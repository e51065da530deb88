import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BrokerProcess, startBroker } from '../support/broker-process.ts'
import { Mosquitto, mosquittoIsMissing, numbered } from './mosquitto.ts'

const versions = ['mqttv31', 'mqttv311', 'mqttv5'] as const
const qualities = ['0', '1', '2'] as const

describe.skipIf(mosquittoIsMissing)('mosquitto_sub and mosquitto_pub', () => {
  let broker: BrokerProcess
  let mosquitto: Mosquitto
  beforeAll(async () => {
    broker = await startBroker()
    mosquitto = new Mosquitto(broker.port())
  })
  afterAll(() => broker?.dispose())

  describe.each(versions)('%s', (version) => {
    test.each(qualities)('QoS %s: messages arrive, once and in order', async (qos) => {
      const topic = `order/${version}/${qos}`
      const sub = await mosquitto.subscribe(['-V', version, '-q', qos, '-t', topic], '%p %q')
      const lines = numbered('m', 50)
      await mosquitto.publishLines([...lines, 'end'], ['-V', version, '-q', qos, '-t', topic])
      const wanted = [...lines, 'end'].map((line) => `${line} ${qos}`)
      expect(await sub.received(wanted.length)).toEqual(wanted)
    })

    test('a retained message greets who comes later, until it is cleared', async () => {
      const topic = `retained/${version}`
      await mosquitto.publish(['-V', version, '-q', '1', '-r', '-t', topic, '-m', 'kept'])
      const late = await mosquitto.subscribe(['-V', version, '-t', topic], '%p %r')
      expect(await late.received(1)).toEqual(['kept 1'])
      await mosquitto.publish(['-V', version, '-q', '1', '-r', '-t', topic, '-n'])
      const later = await mosquitto.subscribe(['-V', version, '-t', topic], '%p %r')
      await mosquitto.publish(['-V', version, '-q', '1', '-t', topic, '-m', 'live'])
      expect(await later.received(1)).toEqual(['live 0'])
    })

    test('the will of a client that is killed is published', async () => {
      const topic = `will/${version}`
      const watcher = await mosquitto.subscribe(['-V', version, '-q', '1', '-t', topic], '%p %q')
      const will = ['--will-topic', topic, '--will-payload', 'gone', '--will-qos', '1']
      const client = await mosquitto.subscribe(['-V', version, '-t', 'nothing', ...will])
      await client.program.kill()
      expect(await watcher.received(1)).toEqual(['gone 1'])
    })

    test('a persistent session gets what it missed', async () => {
      const topic = `missed/${version}`
      const session = ['-V', version, '-c', '-i', `keeper-${version}`, '-q', '2', '-t', topic]
      await mosquitto.register(session)
      const lines = numbered('m', 20)
      await mosquitto.publishLines(lines, ['-V', version, '-q', '2', '-t', topic])
      const back = await mosquitto.subscribe(session, '%p')
      expect(await back.received(20)).toEqual(lines)
    })

    test('$SYS tells what the broker is', async () => {
      const topics = ['version', 'uptime', 'clients/connected']
      const filters = topics.flatMap((topic) => ['-t', `$SYS/broker/${topic}`])
      const sub = await mosquitto.subscribe(['-V', version, ...filters], '%t %p %r')
      const lines = await sub.received(3)
      expect(lines.map((line) => line.replaceAll(/\d+/g, 'N')).sort()).toEqual([
        '$SYS/broker/clients/connected N N',
        '$SYS/broker/uptime N seconds N',
        '$SYS/broker/version mqtt-broker version N.N.N N',
      ])
    })
  })

  test.each(versions)(
    '%s: $share gives each message to one of the subscribers',
    async (version) => {
      const filter = `$share/workers/jobs/${version}/#`
      const subscribe = () => mosquitto.subscribe(['-V', version, '-q', '1', '-t', filter], '%p')
      const workers = await Promise.all([subscribe(), subscribe(), subscribe()])
      const jobs = numbered('job', 30)
      await mosquitto.publishLines(jobs, ['-V', version, '-q', '1', '-t', `jobs/${version}/x`])
      await Promise.all(workers.map((worker) => worker.received(10)))
      const done = workers.flatMap((worker) => worker.messages)
      expect(done.sort()).toEqual(jobs.sort())
    },
  )

  test('mqttv5: properties reach the subscriber, and a topic alias is resolved', async () => {
    const sub = await mosquitto.subscribe(
      [
        '-V',
        'mqttv5',
        '-q',
        '1',
        '-t',
        'properties',
        '-D',
        'subscribe',
        'subscription-identifier',
        '7',
      ],
      '%t|%p|%C|%R|%D|%F|%P|%S',
    )
    const properties = [
      ['content-type', 'text/plain'],
      ['response-topic', 'answers'],
      ['correlation-data', 'c1'],
      ['payload-format-indicator', '1'],
      ['user-property', 'room', 'kitchen'],
      ['user-property', 'floor', '2'],
      ['topic-alias', '3'],
    ].flatMap((property) => ['-D', 'publish', ...property])
    const lines = ['first', 'second']
    const words = ['-V', 'mqttv5', '-q', '1', '-t', 'properties', ...properties]
    await mosquitto.publishLines(lines, words)
    const rest = 'text/plain|answers|c1|1|room:kitchen floor:2|7'
    expect(await sub.received(2)).toEqual(lines.map((line) => `properties|${line}|${rest}`))
  })

  test('the versions talk to one another', async () => {
    const subscribe = (version: string) =>
      mosquitto.subscribe(['-V', version, '-q', '2', '-t', 'mixed'], '%p')
    const subs = await Promise.all(versions.map(subscribe))
    for (const version of versions) {
      await mosquitto.publish(['-V', version, '-q', '2', '-t', 'mixed', '-m', version])
    }
    for (const sub of subs) expect(await sub.received(3)).toEqual([...versions])
  })
})
