import { describe, expect, test } from 'vitest'
import type { Message } from '../../src/crashtest/audit/message.ts'
import { RetainedAudit } from '../../src/crashtest/audit/retained-audit.ts'
import { LedgerKit } from './kit.ts'

class Scene extends LedgerKit {
  readonly audit = new RetainedAudit(this.faults)

  set(size = 30): Message {
    const message = this.ledger.compose('r', 'r/1', 1, size, true)
    this.audit.sending(message)
    this.ledger.sending(message)
    return message
  }

  acknowledgedSet(size = 30): Message {
    const message = this.set(size)
    this.ledger.acknowledged(message)
    return message
  }

  read(message: Message | undefined): void {
    const got = new Map<string, number>()
    if (message !== undefined) got.set('r/1', message.number)
    this.audit.check(this.audit.begin(), got)
  }
}

describe('a topic may hold', () => {
  test('what was acknowledged last, and nothing older', () => {
    const scene = new Scene()
    const old = scene.acknowledgedSet()
    const last = scene.acknowledgedSet()
    scene.read(last)
    expect(scene.found).toEqual({})
    scene.read(old)
    expect(scene.found).toEqual({ retained: 1 })
  })

  test('what was sent behind it, too', () => {
    const scene = new Scene()
    const last = scene.acknowledgedSet()
    const unsure = scene.set()
    scene.read(last)
    scene.read(unsure)
    expect(scene.found).toEqual({})
    scene.read(undefined)
    expect(scene.found).toEqual({ retained: 1 })
    expect(scene.faults.list[0]?.text).toContain('r/1 holds nothing, not message 0 or message 1')
  })

  test('nothing, where nothing was acknowledged, or a clearing', () => {
    const scene = new Scene()
    scene.set()
    scene.read(undefined)
    scene.acknowledgedSet()
    scene.acknowledgedSet(0)
    scene.read(undefined)
    expect(scene.found).toEqual({})
  })

  test('what was sent while it was being read', () => {
    const scene = new Scene()
    scene.acknowledgedSet()
    const reading = scene.audit.begin()
    const during = scene.acknowledgedSet()
    scene.audit.check(reading, new Map([['r/1', during.number]]))
    expect(scene.found).toEqual({})
  })
})

test('what is wrong is told once, and looked at again behind the next acknowledgement', () => {
  const scene = new Scene()
  scene.acknowledgedSet()
  scene.read(undefined)
  scene.read(undefined)
  expect(scene.found).toEqual({ retained: 1 })
  scene.acknowledgedSet()
  scene.read(undefined)
  expect(scene.found).toEqual({ retained: 2 })
})

test('a topic that nobody set holds nothing', () => {
  const scene = new Scene()
  scene.audit.check(scene.audit.begin(), new Map([['r/9', 5]]))
  expect(scene.found).toEqual({ retained: 1 })
})
