import { describe, expect, test } from 'vitest'
import { Faults } from '../../src/crashtest/audit/faults.ts'
import type { Will } from '../../src/crashtest/audit/will.ts'
import { WillAudit } from '../../src/crashtest/audit/will-audit.ts'

/** Ticks are ms here: what was known 50 ms before a kill is safe. */
class Scene {
  readonly faults = new Faults()
  readonly audit = new WillAudit(this.faults)

  /** A client with a will of 1000 ms, connected at 0. */
  armed(): Will {
    const will = this.audit.connecting(1000)
    this.audit.connected(0)
    return will
  }

  /** Killed and up again after 400 ms. */
  restart(atMs: number): void {
    this.audit.onKilled(atMs, atMs - 50)
    this.audit.onListening(atMs + 400, atMs + 400)
  }

  get found(): string[] {
    return this.faults.list.map(({ text }) => text.replace('life 0: ', ''))
  }
}

describe('a will comes', () => {
  test('once, when its delay has passed', () => {
    const scene = new Scene()
    const will = scene.armed()
    will.goAway(100)
    scene.audit.came(0, 1110)
    expect(scene.found).toEqual([])
    scene.audit.came(0, 1120)
    expect(scene.found).toEqual(['will 0 came a second time'])
  })

  test.each([
    [600, 'will 0 came 500 ms too early'],
    [7000, 'will 0 came 5900 ms too late'],
  ])('and not at %i ms', (atMs, found) => {
    const scene = new Scene()
    scene.armed().goAway(100)
    scene.audit.came(0, atMs)
    expect(scene.found).toEqual([found])
  })

  test('not while its client is there', () => {
    const scene = new Scene()
    scene.armed()
    scene.audit.came(0, 5000)
    expect(scene.found).toEqual(['will 0 came although its client was there'])
  })

  test('not when its client was back before, but at the last moment', () => {
    const scene = new Scene()
    for (const backMs of [500, 1099]) {
      const will = scene.armed()
      will.goAway(100)
      scene.audit.connecting(1000)
      scene.audit.connected(backMs)
      scene.audit.came(will.number, 1200)
    }
    expect(scene.found).toEqual(['will 0 came although its client was back before'])
  })

  test('not when its client said good-bye', () => {
    const scene = new Scene()
    scene.armed().sayGoodBye(100)
    scene.audit.came(0, 1200)
    expect(scene.found).toEqual(['will 0 came although its client had said good-bye'])
  })
})

describe('over a kill', () => {
  test('the delay of a client that was away goes on', () => {
    const scene = new Scene()
    const will = scene.armed()
    will.goAway(100)
    will.absence?.known(200)
    scene.restart(600)
    expect(scene.audit.deadlineMs(will)).toBe(1100 + 5000)
    scene.audit.came(0, 700)
    expect(scene.found).toEqual(['will 0 came 400 ms too early'])
  })

  test('that of a client that was there begins at the start', () => {
    const scene = new Scene()
    const will = scene.armed()
    scene.restart(600)
    expect(scene.audit.deadlineMs(will)).toBe(1000 + 1000 + 5000)
    scene.audit.came(0, 1990)
    expect(scene.found).toEqual([])
  })

  test('so does that of a client that went too late for it to be safe', () => {
    const scene = new Scene()
    const will = scene.armed()
    will.goAway(100)
    will.absence?.known(570)
    scene.restart(600)
    expect(will.latestMs).toBe(1000 + 1000)
    expect(will.earliestMs).toBe(100 + 1000)
  })

  test('a good-bye may be undone, unless it was safe', () => {
    const scene = new Scene()
    const [first, second] = [scene.armed(), scene.audit.connecting(1000)]
    scene.audit.connected(0)
    second.sayGoodBye(100)
    second.absence?.known(570)
    scene.restart(600)
    expect([first.state, second.state]).toEqual(['cancelled', 'unsure'])
    scene.audit.came(1, 2100)
    expect(scene.found).toEqual([])
  })

  test('nobody knows which of two wills there is when a CONNECT was not answered', () => {
    const scene = new Scene()
    const first = scene.armed()
    first.goAway(100)
    const second = scene.audit.connecting(1000)
    scene.restart(600)
    expect([first.state, second.state]).toEqual(['unsure', 'unsure'])
    expect(scene.audit.deadlineMs(second)).toBe(Number.POSITIVE_INFINITY)
    scene.audit.came(1, 2100)
    expect(scene.found).toEqual([])
  })
})

test('one that did not come by its deadline is missed', () => {
  const scene = new Scene()
  const will = scene.armed()
  will.goAway(100)
  expect(scene.audit.deadlineMs(will)).toBe(6100)
  scene.audit.missed(will)
  expect(scene.found).toEqual(['will 0 did not come, with a delay of 1000 ms'])
})

test('whoever waits for it is told', async () => {
  const scene = new Scene()
  const will = scene.armed()
  const come = scene.audit.whenCome(will)
  will.goAway(0)
  scene.audit.came(0, 1000)
  await come
  await scene.audit.whenCome(will)
  expect(scene.audit.come).toBe(1)
})
