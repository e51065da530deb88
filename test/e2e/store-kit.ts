import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type BrokerProcess, startBroker } from '../support/broker-process.ts'
import { type ConnectOptions, RawClient } from '../support/raw-client.ts'
import { ClientProgram, projectFolder } from './client-program.ts'

const program = join(projectFolder, 'bin/mqtt-broker')

/** A session that outlives its connection. */
export const lasting: ConnectOptions = {
  clean: false,
  properties: { sessionExpiryInterval: 3600, receiveMaximum: 65_535 },
}

/** What a command of the command line printed, and how it ended. */
export interface Ended {
  readonly code: number | string
  readonly output: string
  readonly errors: string
}

/** A folder with a configuration, on which brokers and commands run; it is removed after the test. */
export class StoreScene {
  readonly folder: string
  readonly config: string
  readonly #settings: object

  constructor(settings: object = {}) {
    this.folder = mkdtempSync(join(tmpdir(), 'mqtt-broker-store-'))
    this.config = join(this.folder, 'zone.yaml')
    const zone = { max_inflight: 65_535, max_mqueue_len: 'infinity', max_mqueue_bytes: 'infinity' }
    this.#settings = {
      listeners: [{ name: 'tcp', type: 'tcp', bind: '127.0.0.1:0' }],
      zones: { default: zone },
      limits: { max_queued_bytes: 'infinity' },
      log: { level: 'info', format: 'json' },
      ...settings,
    }
    this.configure(this.#settings)
    onTestFinished(() => rmSync(this.folder, { recursive: true, force: true }))
  }

  /** Settings in place of some of those that there were. */
  configure(settings: object): void {
    writeFileSync(this.config, JSON.stringify({ ...this.#settings, ...settings }))
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  /** A broker on this folder; it is killed when the test is over. */
  async start(env: Readonly<Record<string, string>> = {}): Promise<BrokerProcess> {
    const broker = await startBroker({ folder: this.folder, env })
    onTestFinished(() => broker.kill())
    return broker
  }

  /** `mqtt-broker store …`, to its end. */
  async run(words: readonly string[], wish: RunWish = {}): Promise<Ended> {
    const command = this.begin(words, wish)
    if (wish.input !== undefined) command.input(wish.input)
    const code = await command.ended
    return { code, output: command.lines.join('\n'), errors: command.errors }
  }

  /** A broker that ends by itself. */
  async runBroker({ env = {} }: RunWish = {}): Promise<Ended> {
    const broker = new ClientProgram(process.execPath, [program, '-c', this.config], env)
    const code = await broker.ended
    return { code, output: broker.lines.join('\n'), errors: broker.errors }
  }

  /** A command, under way. */
  begin(words: readonly string[], { config = this.config, env = {} }: RunWish = {}): ClientProgram {
    return new ClientProgram(process.execPath, [program, 'store', ...words, '-c', config], env)
  }
}

export interface RunWish {
  readonly config?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
}

/** Makes a session with a subscription, and leaves. */
export async function leaveSession(
  broker: BrokerProcess,
  clientId: string,
  filter: string,
  options: ConnectOptions = {},
): Promise<void> {
  const client = await RawClient.connect(
    { port: broker.port() },
    { ...lasting, clientId, ...options },
  )
  await client.subscribe(filter, { qos: 2 })
  await client.drop()
}

/** Publishes messages, a line each, at a QoS, and waits until all of them are acknowledged. */
export async function publish(
  broker: BrokerProcess,
  topic: string,
  payloads: readonly string[],
  options: { qos?: 1 | 2; retain?: boolean; properties?: object } = {},
): Promise<void> {
  const { qos = 1, retain = false, properties } = options
  const client = await RawClient.connect({ port: broker.port() })
  for (const [i, payload] of payloads.entries()) {
    client.send({ cmd: 'publish', topic, payload, qos, retain, messageId: i + 1, properties })
    if (qos === 1) await client.expect('puback')
    else {
      await client.expect('pubrec')
      client.send({ cmd: 'pubrel', messageId: i + 1 })
      await client.expect('pubcomp')
    }
  }
  await client.disconnect()
}

/** What waits for a session, in the order in which it comes; nothing of it is acknowledged. */
export async function collect(broker: BrokerProcess, clientId: string): Promise<string[]> {
  const client = await RawClient.connect({ port: broker.port() }, { ...lasting, clientId })
  const payloads: string[] = []
  client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'done', qos: 1 }] })
  const publisher = await RawClient.connect({ port: broker.port() })
  publisher.send({ cmd: 'publish', topic: 'done', payload: 'done', qos: 1, messageId: 1 })
  for (;;) {
    const packet = await client.next(20_000)
    if (packet.cmd !== 'publish') continue
    if (packet.topic === 'done') break
    payloads.push(packet.payload.toString())
  }
  await Promise.all([client.drop(), publisher.drop()])
  return payloads
}
