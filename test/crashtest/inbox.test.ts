import { describe, expect, test } from 'vitest'
import { Faults } from '../../src/crashtest/audit/faults.ts'
import { Inbox, type InboxLink } from '../../src/crashtest/clients/inbox.ts'
import type { KillPoint } from '../../src/crashtest/kills/trap.ts'
import type { AckType } from '../../src/mqtt/packets.ts'
import type { QoS } from '../../src/mqtt/subscription.ts'

class Scene implements InboxLink {
  readonly faults = new Faults()
  readonly inbox = new Inbox('s', this.faults, this)
  readonly sent: string[] = []
  held: KillPoint | undefined

  ack(type: AckType, packetId: number): void {
    this.sent.push(`${['puback', 'pubrec', 'pubrel', 'pubcomp'][type - 4]} ${packetId}`)
  }

  at(point: KillPoint): boolean {
    return point === this.held
  }

  whenWritten(): void {}

  /** Answers whether it is passed on. */
  receive(name: string, qos: QoS, packetId: number, isDup = false): boolean {
    const isPassed = this.inbox.receive(name, qos, isDup, packetId)
    this.inbox.answer(qos, packetId)
    return isPassed
  }
}

describe('a QoS 2 message is passed on', () => {
  test('once until its PUBREL, however often it comes; each time it is answered', () => {
    const scene = new Scene()
    expect(scene.receive('m', 2, 5)).toBe(true)
    expect(scene.receive('m', 2, 5, true)).toBe(false)
    scene.inbox.onPubrel(5, 0)
    expect(scene.receive('n', 2, 5)).toBe(true)
    expect(scene.sent).toEqual(['pubrec 5', 'pubrec 5', 'pubcomp 5', 'pubrec 5'])
    expect(scene.faults.total).toBe(0)
  })

  test('anew when the session is another one', () => {
    const scene = new Scene()
    scene.receive('m', 2, 5)
    scene.inbox.reset()
    expect(scene.receive('n', 2, 5)).toBe(true)
    expect(scene.faults.total).toBe(0)
  })
})

test('a QoS 1 message is passed on each time', () => {
  const scene = new Scene()
  expect(scene.receive('m', 1, 5)).toBe(true)
  expect(scene.receive('m', 1, 5, true)).toBe(true)
  expect(scene.sent).toEqual(['puback 5', 'puback 5'])
})

describe('a fault is', () => {
  test.each([
    ['another QoS 2 message under an identifier that stands for one', 2, false, false],
    ['the same with DUP', 2, true, false],
    ['a QoS 1 message under it, which is passed on', 1, false, true],
  ] as const)('%s', (_title, qos, isDup, isPassed) => {
    const scene = new Scene()
    scene.receive('m', 2, 5)
    expect(scene.receive('n', qos, 5, isDup)).toBe(isPassed)
    expect(scene.faults.counts.resend).toBe(1)
  })

  test('a QoS 2 message that comes again without DUP', () => {
    const scene = new Scene()
    scene.receive('m', 2, 5)
    expect(scene.receive('m', 2, 5)).toBe(false)
    expect(scene.faults.counts.resend).toBe(1)
  })

  test('PUBREL that says our PUBREC was for nothing', () => {
    const scene = new Scene()
    scene.receive('m', 2, 5)
    scene.inbox.onPubrel(5, 0x92)
    expect(scene.faults.counts.handshake).toBe(1)
  })
})

describe('answers are kept back', () => {
  test('by a client that is about to crash', () => {
    const scene = new Scene()
    scene.receive('k', 2, 4)
    scene.inbox.isHolding = true
    scene.receive('m', 1, 5)
    scene.receive('n', 2, 6)
    scene.inbox.onPubrel(4, 0)
    expect(scene.sent).toEqual(['pubrec 4'])
    expect(scene.inbox.unreleased).toBe(1)
  })

  test.each([
    ['publishAtSubscriber', []],
    ['pubrelAtSubscriber', ['pubrec 5']],
  ] as const)('at the point of a kill: %s', (point, sent) => {
    const scene = new Scene()
    scene.held = point
    scene.receive('m', 2, 5)
    scene.inbox.onPubrel(5, 0)
    expect(scene.sent.filter((each) => each !== 'pubcomp 5')).toEqual(sent)
    expect(scene.sent.includes('pubcomp 5')).toBe(point !== 'pubrelAtSubscriber')
  })
})
