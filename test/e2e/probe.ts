import { readFileSync } from 'node:fs'
import type { BrokerProcess } from '../support/broker-process.ts'
import { RawClient } from '../support/raw-client.ts'

/** Proves that the broker serves on: an ordinary client gets its own QoS 1 message back. */
export async function probe(port: number, host = '127.0.0.1'): Promise<void> {
  const client = await RawClient.connect({ port, host })
  await client.subscribe('probe', { qos: 1 })
  client.send({ cmd: 'publish', topic: 'probe', payload: 'still here', qos: 1, messageId: 1 })
  const [first, second] = [await client.next(), await client.next()]
  const commands = [first.cmd, second.cmd].sort()
  if (commands.join() !== 'puback,publish') throw new Error(`the probe got ${commands.join()}`)
  await client.disconnect()
}

/** Bytes of memory that the broker holds now. */
export function memoryOf(broker: BrokerProcess): number {
  const status = readFileSync(`/proc/${broker.pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024
}

export const megabyte = 1024 * 1024
