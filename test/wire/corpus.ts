import type { SeededRandom } from '../../src/base/random.ts'
import type { ProtocolVersion } from '../../src/mqtt/packets.ts'
import { connectBytes, generate } from './support.ts'

/** A valid packet of a client, and the version of the connection it belongs to. */
export interface Specimen {
  readonly version: ProtocolVersion
  readonly bytes: Buffer
}

const versions: readonly ProtocolVersion[] = [3, 4, 5]

/** Valid packets of every type and version that a client sends, with and without all options. */
export function makeCorpus(random: SeededRandom): Specimen[] {
  const corpus: Specimen[] = []
  for (const version of versions) {
    corpus.push({ version, bytes: connectBytes(version) })
    for (let i = 0; i < 40; i++) {
      for (const packet of packetsOf(version, random)) {
        corpus.push({ version, bytes: generate(packet, version) })
      }
    }
  }
  return corpus
}

function packetsOf(version: ProtocolVersion, random: SeededRandom): object[] {
  const packets: object[] = [
    connect(version, random),
    subscribe(version, random),
    unsubscribe(version, random),
    { cmd: 'pingreq' },
    {
      cmd: 'disconnect',
      reasonCode: pick(random, [0, 4, 0x81]),
      ...withProperties(version, random, {
        sessionExpiryInterval: random.below(1000),
        reasonString: random.text(5),
      }),
    },
  ]
  for (let i = 0; i < 4; i++) packets.push(publish(version, random))
  for (const cmd of ['puback', 'pubrec', 'pubrel', 'pubcomp'])
    packets.push(ack(cmd, version, random))
  if (version === 5) packets.push(auth(random))
  return packets
}

function connect(version: ProtocolVersion, random: SeededRandom): object {
  const username = maybe(random, random.text(6))
  return {
    cmd: 'connect',
    protocolId: version === 3 ? 'MQIsdp' : 'MQTT',
    protocolVersion: version,
    bridgeMode: version < 5 && random.below(8) === 0,
    clientId: random.text(1 + random.below(23)),
    clean: random.below(2) === 0,
    keepalive: random.below(65536),
    username,
    password: username === undefined ? undefined : maybe(random, Buffer.from(random.text(9))),
    will: maybe(random, {
      topic: topic(random),
      payload: Buffer.from(random.text(random.below(40))),
      qos: random.below(3),
      retain: random.below(2) === 0,
      ...withProperties(version, random, {
        willDelayInterval: random.below(100),
        messageExpiryInterval: random.below(100),
        payloadFormatIndicator: true,
        contentType: random.text(4),
        responseTopic: topic(random),
        correlationData: Buffer.from(random.text(3)),
      }),
    }),
    ...withProperties(version, random, {
      sessionExpiryInterval: random.below(0xffffffff),
      receiveMaximum: 1 + random.below(65535),
      maximumPacketSize: 1 + random.below(0xfffffff),
      topicAliasMaximum: random.below(65536),
      requestResponseInformation: random.below(2) === 0,
      requestProblemInformation: random.below(2) === 0,
      authenticationMethod: random.text(4),
      authenticationData: Buffer.from(random.text(4)),
    }),
  }
}

function publish(version: ProtocolVersion, random: SeededRandom): object {
  const qos = random.below(3)
  return {
    cmd: 'publish',
    qos,
    dup: qos > 0 && random.below(2) === 0,
    retain: random.below(2) === 0,
    topic: topic(random),
    messageId: 1 + random.below(65535),
    payload: Buffer.from(random.text(random.below(4) === 0 ? random.below(400) : random.below(20))),
    ...withProperties(version, random, {
      payloadFormatIndicator: random.below(2) === 0,
      messageExpiryInterval: random.below(0xffffffff),
      topicAlias: 1 + random.below(10),
      responseTopic: topic(random),
      correlationData: Buffer.from(random.text(random.below(9))),
      contentType: random.text(random.below(9)),
    }),
  }
}

function subscribe(version: ProtocolVersion, random: SeededRandom): object {
  const count = 1 + random.below(4)
  const one = () => ({
    topic: pick(random, ['#', '+/a', '$share/g/a/#', topic(random)]),
    qos: random.below(3),
    nl: false,
    rap: random.below(2) === 0,
    rh: random.below(3),
  })
  return {
    cmd: 'subscribe',
    messageId: 1 + random.below(65535),
    subscriptions: Array.from({ length: count }, one),
    ...withProperties(version, random, { subscriptionIdentifier: 1 + random.below(268435455) }),
  }
}

function unsubscribe(version: ProtocolVersion, random: SeededRandom): object {
  return {
    cmd: 'unsubscribe',
    messageId: 1 + random.below(65535),
    unsubscriptions: Array.from({ length: 1 + random.below(4) }, () => topic(random)),
    ...withProperties(version, random, {}),
  }
}

function ack(cmd: string, version: ProtocolVersion, random: SeededRandom): object {
  const codes = cmd === 'puback' || cmd === 'pubrec' ? [0, 0x10, 0x80, 0x97] : [0, 0x92]
  return {
    cmd,
    messageId: 1 + random.below(65535),
    reasonCode: pick(random, codes),
    ...withProperties(version, random, { reasonString: random.text(7) }),
  }
}

function auth(random: SeededRandom): object {
  const properties = {
    authenticationMethod: random.text(5),
    authenticationData: maybe(random, Buffer.from(random.text(5))),
    reasonString: maybe(random, random.text(5)),
  }
  return { cmd: 'auth', reasonCode: pick(random, [0x18, 0x19]), properties }
}

/** Some of the properties, and sometimes user properties, for version 5. */
function withProperties(version: ProtocolVersion, random: SeededRandom, all: object): object {
  if (version !== 5 || random.below(3) === 0) return {}
  const some = Object.entries(all).filter(
    ([name]) => name === 'authenticationMethod' || random.below(2) === 0,
  )
  const users =
    random.below(2) === 0 ? { userProperties: { a: random.text(3), b: ['1', '2'] } } : {}
  return { properties: { ...Object.fromEntries(some), ...users } }
}

function topic(random: SeededRandom): string {
  const levels = Array.from({ length: 1 + random.below(4) }, () => random.text(1 + random.below(6)))
  if (random.below(6) === 0) levels.push('größe', '温度', '😀')
  return levels.join('/')
}

function maybe<T>(random: SeededRandom, value: T): T | undefined {
  return random.below(2) === 0 ? value : undefined
}

function pick<T>(random: SeededRandom, values: readonly T[]): T {
  return values[random.below(values.length)] as T
}
