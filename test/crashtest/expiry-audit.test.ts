import { describe, expect, test } from 'vitest'
import { ExpiryAudit } from '../../src/crashtest/audit/expiry-audit.ts'
import { Faults } from '../../src/crashtest/audit/faults.ts'

/** Ticks are ms here. */
class Scene {
  readonly faults = new Faults()
  readonly audit = new ExpiryAudit(this.faults)

  /** A client with a session of 2000 ms that went at 0, safe from then on. */
  constructor() {
    this.open(false, -100)
    this.audit.gone(0)
    this.audit.known(1)
  }

  open(isPresent: boolean, atMs: number): void {
    this.audit.connecting(atMs)
    this.audit.connected(isPresent, atMs, 2000)
  }

  get faultCount(): number {
    return this.faults.counts.session
  }
}

describe('a session', () => {
  test.each([
    ['is there before its interval has passed', 1000, true, 0],
    ['is gone afterwards', 5000, false, 0],
    ['must not be gone before', 1000, false, 1],
    ['must not be there afterwards', 5000, true, 1],
    ['may be gone at that very moment', 2100, false, 0],
    ['may be there at that very moment', 2100, true, 0],
  ])('%s', (_title, atMs, isPresent, faults) => {
    const scene = new Scene()
    scene.open(isPresent, atMs)
    expect(scene.faultCount).toBe(faults)
  })

  test('must not be there at the very first time', () => {
    const faults = new Faults()
    const audit = new ExpiryAudit(faults)
    audit.connecting(0)
    audit.connected(true, 1, 2000)
    expect(faults.counts.session).toBe(1)
  })

  test('may be whatever it likes behind a CONNECT that was not answered', () => {
    const scene = new Scene()
    scene.audit.connecting(500)
    scene.audit.failed()
    scene.open(false, 600)
    expect(scene.faultCount).toBe(0)
  })
})

describe('over a kill', () => {
  test('the time of a client that was away goes on', () => {
    const scene = new Scene()
    scene.audit.onKilled(1000, 500)
    scene.audit.onListening(3000, 3000)
    scene.open(true, 3900)
    expect(scene.faultCount).toBe(1)
    expect(scene.audit.expired).toBe(1)
  })

  test('that of a client that was there begins at the start', () => {
    const scene = new Scene()
    scene.open(true, 500)
    scene.audit.onKilled(1000, 900)
    scene.audit.onListening(3000, 3000)
    scene.open(true, 4800)
    expect(scene.faultCount).toBe(0)
    scene.audit.gone(4900)
    scene.audit.known(5000)
    scene.open(false, 8500)
    expect(scene.faultCount).toBe(0)
    expect(scene.audit).toMatchObject({ kept: 1, expired: 1 })
  })

  test('so may that of a client whose going was not safe', () => {
    const scene = new Scene()
    scene.audit.onKilled(10, 0)
    scene.audit.onListening(1000, 1000)
    scene.open(true, 3900)
    expect(scene.faultCount).toBe(0)
  })
})
