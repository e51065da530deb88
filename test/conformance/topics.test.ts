import { describe, expect, test } from 'vitest'
import { TestBroker } from '../support/test-broker.ts'
import { packet } from '../wire/support.ts'
import { cameTo, nextPayload, publish } from './messages.ts'

describe('a topic filter', () => {
  test.each([
    ['[MQTT-4.7.1-1] # inside a level', 'sport/tennis#'],
    ['[MQTT-4.7.1-1] # in front of a level', '#sport'],
    ['[MQTT-4.7.1-1] # not last', 'sport/#/ranking'],
    ['[MQTT-4.7.1-1] ##', '##'],
    ['[MQTT-4.7.1-2] + inside a level', 'sport+'],
    ['[MQTT-4.7.1-2] + in front of a level', '+sport/a'],
    ['[MQTT-4.7.1-2] ++', 'a/++'],
    ['[MQTT-4.7.3-1] empty', ''],
    ['[MQTT-4.8.2-1] a share without a name', '$share//a'],
    ['[MQTT-4.8.2-1] a share without a filter', '$share/g'],
    ['[MQTT-4.8.2-1] [MQTT-4.8.2-2] a share with an empty filter', '$share/g/'],
    ['[MQTT-4.8.2-2] a share named with +', '$share/g+/a'],
    ['[MQTT-4.8.2-2] a share named with #', '$share/#/a'],
    ['[MQTT-4.7.1-1] a share of an ill-formed filter', '$share/g/a#'],
  ])('%s is refused: %s', async (_what, filter) => {
    const broker = new TestBroker()
    for (const [version, code] of [
      [5, 0x8f],
      [4, 0x80],
    ] as const) {
      const client = await broker.connect({ version, clientId: `v${version}` })
      const properties = version === 5 ? [0] : []
      client.sendBytes(packet(0x82, [0, 1], properties, filter, [0], 'good', [1]))
      expect((await client.expect('suback')).granted).toEqual([code, 1])
    }
    expect(broker.broker.router.subscriptionCount).toBe(2)
  })

  test('[MQTT-4.7.3-2] with U+0000 ends the connection', async () => {
    const client = await new TestBroker().connect()
    client.sendBytes(packet(0x82, [0, 1, 0], 'a\0', [0]))
    expect((await client.expect('disconnect')).reasonCode).toBe(0x81)
    const old = await new TestBroker().connect({ version: 4, clientId: 'c' })
    old.sendBytes(packet(0x82, [0, 1], 'a\0', [0]))
    await old.expectClosedSilently()
  })

  test('[MQTT-4.7.3-3] and a topic name may have 65,535 bytes', async () => {
    const broker = new TestBroker()
    const client = await broker.connect()
    const topic = `${'é'.repeat(32_767)}x`
    expect((await client.subscribe(topic, { qos: 1 })).granted).toEqual([1])
    await publish(client, topic, 'x')
    expect((await client.expect('publish')).topic).toBe(topic)
  })

  test('of more levels than the zone takes is 0x8F, a topic name of more is 0x90', async () => {
    const broker = new TestBroker({ channel: { topicLevelsMax: 4 } })
    const client = await broker.connect()
    expect((await client.subscribe('a/b/c/d')).granted).toEqual([0])
    expect((await client.subscribe('a/b/c/d/e')).granted).toEqual([0x8f])
    client.send({ cmd: 'publish', topic: 'a/b/c/d/e', payload: 'x' })
    expect((await client.expect('disconnect')).reasonCode).toBe(0x90)
  })
})

describe('matching', () => {
  /** Filter, topics that match, topics that do not; the examples of section 4.7 among them. */
  const cases: [string, string[], string[]][] = [
    [
      'sport/tennis/player1/#',
      ['sport/tennis/player1', 'sport/tennis/player1/ranking', 'sport/tennis/player1/a/b'],
      ['sport/tennis/player10', 'sport/tennis'],
    ],
    ['sport/#', ['sport', 'sport/', 'sport/a'], ['sports', '/sport']],
    ['#', ['a', '/', 'a/b/c', ' '], ['$SYS/x', '$own', '$']],
    ['sport/tennis/+', ['sport/tennis/a', 'sport/tennis/'], ['sport/tennis', 'sport/tennis/a/b']],
    ['+', ['finance', ' '], ['/finance', 'a/b', '$own']],
    ['+/+', ['/finance', 'a/', '/'], ['finance', '$own/a']],
    ['/+', ['/finance', '/'], ['finance']],
    ['+/tennis/#', ['sport/tennis', '/tennis/a'], ['$own/tennis/a']],
    ['+/monitor/Clients', ['a/monitor/Clients'], ['$own/monitor/Clients']],
    ['$own/#', ['$own', '$own/a', '$own/monitor/Clients'], ['own', '$own2']],
    ['$own/monitor/+', ['$own/monitor/Clients'], ['$own/monitor']],
    ['a/$x/+', ['a/$x/b'], ['a/x/b']],
    ['+/$x', ['a/$x'], []],
    ['a//b', ['a//b'], ['a/b', 'a/x/b']],
    ['a/+/b', ['a//b', 'a/x/b'], ['a/b']],
  ]

  test.each(cases)(
    '[MQTT-4.7.2-1] [MQTT-4.7.1-2] %s matches %j and not %j',
    async (filter, yes, no) => {
      const broker = new TestBroker()
      const sub = await broker.connect()
      await sub.subscribe(filter)
      const pub = await broker.connect()
      for (const topic of [...no, ...yes]) await publish(pub, topic, 'x', { retain: true })
      await broker.settle()
      expect(cameTo(sub).map(({ topic }) => topic)).toEqual(yes)
      const late = await broker.connect()
      await late.subscribe(filter)
      await broker.settle()
      const retained = cameTo(late).map(({ topic }) => topic)
      expect(retained.sort()).toEqual([...yes].sort())
    },
  )

  test('[MQTT-4.7.3-4] does not normalise or change anything', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect()
    const composed = 'caf\u00e9'
    await sub.subscribe(composed)
    await sub.subscribe('ACCOUNTS')
    await sub.subscribe('a b/\ufeff')
    const pub = await broker.connect()
    const others = ['cafe\u0301', 'Accounts', 'ACCOUNTS/', '/ACCOUNTS', 'a  b/\ufeff', 'a b/']
    for (const topic of others) await publish(pub, topic, 'x')
    for (const topic of [composed, 'ACCOUNTS', 'a b/\ufeff']) await publish(pub, topic, topic)
    await broker.settle()
    expect(cameTo(sub).map(({ topic }) => topic)).toEqual([composed, 'ACCOUNTS', 'a b/\ufeff'])
  })

  test('follows subscriptions that come and go between messages to the same topic', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect()
    const pub = await broker.connect()
    for (const filter of ['a/b', '+/b', 'a/#', '#', '$share/g/a/b']) {
      await publish(pub, 'a/b', 'nobody')
      await sub.subscribe(filter)
      await publish(pub, 'a/b', filter)
      expect(await nextPayload(sub)).toBe(filter)
      sub.send({ cmd: 'unsubscribe', messageId: 1, unsubscriptions: [filter] })
      await sub.expect('unsuback')
    }
    await publish(pub, 'a/b', 'nobody')
    await sub.expectSilence()
  })
})
