import { beforeEach, expect, test } from 'vitest'
import { AckQueue, type AckSender } from '../../src/channel/ack-queue.ts'
import { AckType, type ServerPacket } from '../../src/mqtt/packets.ts'
import { ReasonCode } from '../../src/mqtt/reason-code.ts'

/** Takes down what leaves. */
class Sender implements AckSender {
  readonly sent: number[] = []
  onSent: () => void = () => undefined

  sendAck(_type: AckType, packetId: number): void {
    this.sent.push(packetId)
    this.onSent()
  }

  sendAnswer(packet: ServerPacket): void {
    this.sent.push('packetId' in packet ? packet.packetId : -1)
    this.onSent()
  }
}

const commits = { committed: 0 }
let sender: Sender
let queue: AckQueue

beforeEach(() => {
  commits.committed = 0
  sender = new Sender()
  queue = new AckQueue(commits, sender)
})

function ack(batch: number, packetId: number): void {
  queue.ack(batch, AckType.Puback, packetId, ReasonCode.Success)
}

function answer(batch: number, packetId: number): void {
  queue.answer(batch, { type: 'suback', packetId, reasonCodes: [] })
}

test('what waits for nothing leaves at once', () => {
  ack(0, 1)
  answer(0, 2)
  expect(sender.sent).toEqual([1, 2])
  expect(queue.length).toBe(0)
})

test('answers leave in the order of their causes: one that waits holds back all behind it', () => {
  answer(1, 1)
  ack(0, 2)
  ack(2, 3)
  answer(0, 4)
  expect(sender.sent).toEqual([])
  expect(queue.length).toBe(4)
  commits.committed = 1
  queue.release()
  expect(sender.sent).toEqual([1, 2])
  commits.committed = 2
  queue.release()
  expect(sender.sent).toEqual([1, 2, 3, 4])
  ack(2, 5)
  expect(sender.sent).toEqual([1, 2, 3, 4, 5])
})

test('what was safe already does not leave before what was not', () => {
  ack(2, 1)
  commits.committed = 1
  ack(1, 2)
  expect(sender.sent).toEqual([])
  commits.committed = 2
  queue.release()
  expect(sender.sent).toEqual([1, 2])
})

test('when sending ends the connection nothing of what waited leaves', () => {
  for (const packetId of [1, 2, 3]) ack(1, packetId)
  sender.onSent = () => queue.clear()
  commits.committed = 1
  queue.release()
  expect(sender.sent).toEqual([1])
  expect(queue.length).toBe(0)
})
