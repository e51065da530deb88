// What decoding and encoding cost: `npx tsx test/bench/decode.bench.ts` prints ns a packet.
import mqttPacket from 'mqtt-packet'
import type { Message } from '../../src/mqtt/message.ts'
import { PacketDecoder } from '../../src/wire/decoder.ts'
import { PacketEncoder } from '../../src/wire/encoder.ts'
import { Output } from '../../src/wire/output.ts'
import { OutputPool } from '../../src/wire/output-pool.ts'
import type { PacketHandler } from '../../src/wire/ports.ts'

class Counter implements PacketHandler {
  accepting = true
  count = 0
  last: Message | undefined
  onPublish(message: Message): void {
    this.count += message.count
    this.last = message
  }
  onAck(): void {
    this.count++
  }
  onPingreq(): void {
    this.count++
  }
  onPacket(): void {}
  onRefused(refusal: { because: string }): void {
    throw new Error(refusal.because)
  }
}

type Generated = Parameters<typeof mqttPacket.generate>[0]

function connected(version: 4 | 5): { decoder: PacketDecoder; counter: Counter } {
  const counter = new Counter()
  const options = { maximumPacketSize: 1 << 20, topicLevelsMax: 128, strictMode: true }
  const decoder = new PacketDecoder(counter, { last: 0 }, options)
  const connect = { cmd: 'connect', clientId: 'c', protocolVersion: version, clean: true }
  decoder.push(mqttPacket.generate(connect as Generated), 0)
  decoder.configure({ clientId: 'c', topicAliasMaximum: 0 })
  return { decoder, counter }
}

function bench(name: string, packets: Buffer[], version: 4 | 5): void {
  const { decoder, counter } = connected(version)
  const chunk = Buffer.concat(packets)
  const chunks = 3_000_000 / packets.length
  for (let i = 0; i < chunks / 4; i++) decoder.push(chunk, i)
  const before = counter.count
  const start = process.hrtime.bigint()
  for (let i = 0; i < chunks; i++) decoder.push(chunk, i)
  const ns = Number(process.hrtime.bigint() - start) / (counter.count - before)
  process.stdout.write(`${name.padEnd(42)} ${ns.toFixed(1)} ns\n`)
}

function publish(qos: 0 | 1, topic: string, version: 4 | 5, properties?: object): Buffer {
  const packet = { cmd: 'publish', qos, topic, payload: Buffer.alloc(64), messageId: 7, dup: false }
  return mqttPacket.generate({ ...packet, retain: false, properties } as Generated, {
    protocolVersion: version,
  })
}

const many = (make: (i: number) => Buffer) => Array.from({ length: 200 }, (_, i) => make(i))

for (const version of [4, 5] as const) {
  bench(
    `v${version} QoS 0 run`,
    many(() => publish(0, 'bench/pair/17', version)),
    version,
  )
  bench(
    `v${version} QoS 0, topic changes`,
    many((i) => publish(0, `bench/pair/${i}`, version)),
    version,
  )
  bench(
    `v${version} QoS 1, same topic`,
    many(() => publish(1, 'bench/pair/17', version)),
    version,
  )
  bench(
    `v${version} QoS 1, topic changes`,
    many((i) => publish(1, `bench/pair/${i}`, version)),
    version,
  )
  bench(
    `v${version} PUBACK`,
    many(() => Buffer.from([0x40, 2, 0, 7])),
    version,
  )
}
const user = { userProperties: { unit: 'celsius' }, contentType: 'text/plain' }
bench(
  'v5 QoS 1 with 2 properties',
  many(() => publish(1, 'bench/pair/17', 5, user)),
  5,
)
const expiring = { messageExpiryInterval: 60 }
bench(
  'v5 QoS 1 with expiry',
  many(() => publish(1, 'bench/pair/17', 5, expiring)),
  5,
)

function benchEncoder(
  name: string,
  source: 4 | 5,
  target: 4 | 5,
  qos: 0 | 1,
  fanOut: number,
): void {
  const { decoder, counter } = connected(source)
  const packet = publish(qos, 'bench/pair/17', source)
  const output = new Output(new OutputPool())
  const encoder = new PacketEncoder(output)
  encoder.configure({
    protocolVersion: target,
    maximumPacketSize: undefined,
    topicAliasMaximum: 0,
    requestProblemInformation: true,
  })
  let ns = 0
  for (let round = 0; round < 2; round++) {
    const rounds = 1_000_000 / fanOut
    ns = 0
    const start = process.hrtime.bigint()
    for (let i = 0; i < rounds; i++) {
      decoder.push(packet, i)
      const message = counter.last as Message
      for (let j = 0; j < fanOut; j++)
        encoder.publish(message, qos, false, false, qos, undefined, i)
      if (output.size > 2000) output.release(output.take())
    }
    ns = Number(process.hrtime.bigint() - start) / (rounds * fanOut)
  }
  process.stdout.write(`${name.padEnd(42)} ${ns.toFixed(1)} ns\n`)
}

benchEncoder('decode + encode 1:1 v4 QoS 0', 4, 4, 0, 1)
benchEncoder('decode + encode 1:1 v4 QoS 1', 4, 4, 1, 1)
benchEncoder('decode + encode 1:1 v4 to v5 QoS 1', 4, 5, 1, 1)
benchEncoder('encode 1:20 v5 QoS 1', 5, 5, 1, 20)
benchEncoder('encode 1:20 v4 to v5 QoS 0', 4, 5, 0, 20)
