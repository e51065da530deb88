import { describe, expect, test } from 'vitest'
import type { PublishTemplate } from '../../src/client/publish-template.ts'
import type { Message } from '../../src/crashtest/audit/message.ts'
import { Outbox, type OutboxLink } from '../../src/crashtest/clients/outbox.ts'
import type { IsStill, KillPoint } from '../../src/crashtest/kills/trap.ts'
import { AckType } from '../../src/mqtt/packets.ts'
import { LedgerKit } from './kit.ts'

/** Notes what is sent: `publish 1`, `publish 1 DUP`, `pubrel 1`. */
class NotingLink implements OutboxLink {
  readonly sent: string[] = []
  readonly written: KillPoint[] = []
  isStill: IsStill = () => false
  isOpen = true
  held: KillPoint | undefined

  publish({ bytes, idAt }: PublishTemplate): void {
    const isDup = ((bytes[0] as number) & 8) !== 0
    this.sent.push(`publish ${bytes.readUInt16BE(idAt)}${isDup ? ' DUP' : ''}`)
  }

  ack(type: AckType, packetId: number): void {
    this.sent.push(`${type === AckType.Pubrel ? 'pubrel' : type} ${packetId}`)
  }

  at(point: KillPoint): boolean {
    return point === this.held
  }

  whenWritten(point: KillPoint, isStill: IsStill): void {
    this.written.push(point)
    this.isStill = isStill
  }
}

class Scene extends LedgerKit {
  readonly link = new NotingLink()
  readonly outbox = new Outbox('p', 5, 3, this.ledger, this.link)

  override send(qos: 1 | 2 = 1): Message {
    const message = this.ledger.compose('p', 'a', qos, 30)
    this.outbox.send(message)
    return message
  }

  ack(type: AckType, packetId: number, code = 0): void {
    this.outbox.onAck(type, packetId, code)
  }
}

const { Puback, Pubrec, Pubcomp } = AckType

describe('an outbox', () => {
  test('knows whether what was written still waits for its answer', () => {
    const scene = new Scene()
    scene.send(2)
    const { isStill } = scene.link
    expect(isStill()).toBe(true)
    scene.ack(Pubrec, 1)
    expect(isStill()).toBe(false)
    expect(scene.link.written).toEqual(['publishQos2', 'pubrelAtPublisher'])
    expect(scene.link.isStill()).toBe(true)
    scene.ack(Pubcomp, 1)
    expect(scene.link.isStill()).toBe(false)
  })

  test('has room for its window, while its connection is open', () => {
    const scene = new Scene()
    for (let i = 0; i < 3; i++) {
      expect(scene.outbox.hasRoom).toBe(true)
      scene.send()
    }
    expect(scene.outbox.hasRoom).toBe(false)
    scene.ack(Puback, 1)
    scene.link.isOpen = false
    expect(scene.outbox.hasRoom).toBe(false)
  })

  test('uses the lowest identifier that is free', () => {
    const scene = new Scene()
    for (let i = 0; i < 3; i++) scene.send()
    scene.ack(Puback, 2)
    scene.send()
    expect(scene.link.sent).toEqual(['publish 1', 'publish 2', 'publish 3', 'publish 2'])
  })

  test('acknowledges at PUBACK, and at PUBREC, which it answers', () => {
    const scene = new Scene()
    const [first, second] = [scene.send(1), scene.send(2)]
    scene.ack(Puback, 1)
    scene.ack(Pubrec, 2)
    expect([first.isAcknowledged, second.isAcknowledged]).toEqual([true, true])
    expect(scene.outbox.isEmpty).toBe(false)
    scene.ack(Pubcomp, 2)
    expect(scene.outbox.isEmpty).toBe(true)
    expect(scene.link.sent).toEqual(['publish 1', 'publish 2', 'pubrel 2'])
    expect(scene.found).toEqual({})
  })

  test('sends again what is unfinished, in order: PUBLISH with DUP, or PUBREL', () => {
    const scene = new Scene()
    scene.send(2)
    scene.send(1)
    scene.send(2)
    scene.ack(Pubrec, 1)
    scene.link.sent.length = 0
    scene.outbox.resume()
    expect(scene.link.sent).toEqual(['pubrel 1', 'publish 2 DUP', 'publish 3 DUP'])
  })

  test('that is held at PUBREC sends PUBREL when it goes on', () => {
    const scene = new Scene()
    scene.link.held = 'pubrecAtPublisher'
    scene.send(2)
    scene.ack(Pubrec, 1)
    expect(scene.link.sent).toEqual(['publish 1'])
    expect(scene.outbox.census()).toEqual({ qos1: 0, qos2: 0, unreleased: 1, released: 0 })
    scene.outbox.resume()
    scene.ack(Pubcomp, 1)
    expect(scene.link.sent).toEqual(['publish 1', 'pubrel 1'])
    expect(scene.found).toEqual({})
  })

  test('takes a refusal as no acknowledgement', () => {
    const scene = new Scene()
    const message = scene.send(2)
    scene.ack(Pubrec, 1, 0x97)
    expect(message.isAcknowledged).toBe(false)
    expect(scene.outbox.isEmpty).toBe(true)
    expect(scene.ledger.tally.refused).toBe(1)
  })

  test('knows nothing of a message whose session is gone', () => {
    const scene = new Scene()
    scene.send()
    scene.outbox.reset()
    scene.outbox.resume()
    expect(scene.link.sent).toEqual(['publish 1'])
  })

  test('tells when a handshake is over', async () => {
    const scene = new Scene()
    scene.send()
    const finished = scene.outbox.finished()
    scene.ack(Puback, 1)
    await finished
  })
})

describe('a fault is', () => {
  test.each([
    ['an acknowledgement that nothing waits for', 1, Puback, 2],
    ['PUBREC for QoS 1', 1, Pubrec, 1],
    ['PUBACK for QoS 2', 2, Puback, 1],
    ['PUBCOMP in front of PUBREC', 2, Pubcomp, 1],
  ] as const)('%s', (_title, qos, type, packetId) => {
    const scene = new Scene()
    scene.send(qos)
    scene.ack(type, packetId)
    expect(scene.found).toEqual({ handshake: 1 })
  })

  test('PUBCOMP that knows no identifier, for the first PUBREL: PUBREC said it is remembered', () => {
    const scene = new Scene()
    scene.send(2)
    scene.ack(Pubrec, 1)
    scene.ack(Pubcomp, 1, 0x92)
    expect(scene.found).toEqual({ handshake: 1 })
  })

  test('and for the second it is none: the first one may have been done', () => {
    const scene = new Scene()
    scene.send(2)
    scene.ack(Pubrec, 1)
    scene.outbox.resume()
    scene.ack(Pubcomp, 1, 0x92)
    expect(scene.found).toEqual({})
  })
})
