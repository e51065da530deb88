import type { PacketOf, RawClient } from '../support/raw-client.ts'

/** What a test may say of a PUBLISH besides its topic and payload. */
export interface PublishOptions {
  readonly qos?: 0 | 1 | 2
  readonly retain?: boolean
  readonly messageId?: number
  readonly properties?: object
}

/** PUBLISH, and at QoS 1 and 2 the handshake to its end. Answers the first reason code (3.x: 0). */
export async function publish(
  client: RawClient,
  topic: string,
  payload: string | Buffer,
  options: PublishOptions = {},
): Promise<number> {
  const { qos = 0, messageId = 1 } = options
  client.send({ cmd: 'publish', topic, payload, ...options, ...(qos > 0 && { messageId }) })
  if (qos === 0) return 0
  const answer = await client.expect(qos === 1 ? 'puback' : 'pubrec')
  if (answer.messageId !== messageId) throw new Error(`answered id ${answer.messageId}`)
  const code = answer.reasonCode ?? 0
  if (qos === 1 || code >= 0x80) return code
  client.send({ cmd: 'pubrel', messageId })
  await client.expect('pubcomp')
  return code
}

/** Acknowledges a PUBLISH that was taken, to the end of its handshake. */
export async function acknowledge(client: RawClient, packet: PacketOf<'publish'>): Promise<void> {
  const { messageId, qos } = packet
  if (qos === 1) client.send({ cmd: 'puback', messageId })
  if (qos !== 2) return
  client.send({ cmd: 'pubrec', messageId })
  await client.expect('pubrel')
  client.send({ cmd: 'pubcomp', messageId })
}

/** The payload of the next packet, a PUBLISH. */
export async function nextPayload(client: RawClient): Promise<string> {
  return (await client.expect('publish')).payload.toString()
}

/** Every PUBLISH that has come so far, taken or not. */
export function cameTo(client: RawClient): PacketOf<'publish'>[] {
  return client.received.flatMap(({ packet }) => (packet?.cmd === 'publish' ? [packet] : []))
}

/** The payloads of every PUBLISH that has come so far, taken or not. */
export function payloadsTo(client: RawClient): string[] {
  return cameTo(client).map(({ payload }) => payload.toString())
}

/** `from`, `from + 1` … as texts. */
export function texts(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, i) => `${from + i}`)
}
