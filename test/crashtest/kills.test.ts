import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import { killKinds } from '../../src/crashtest/kills/kill-kind.ts'
import { type KillPlan, KillPlanner } from '../../src/crashtest/kills/kill-plan.ts'
import { Trap } from '../../src/crashtest/kills/trap.ts'

function draw(seed: number, count: number): KillPlan[] {
  const planner = new KillPlanner(new SeededRandom(seed))
  return Array.from({ length: count }, () => planner.next(false))
}

describe('the planner', () => {
  test('draws the same from the same seed, and something else from another', () => {
    expect(draw(1, 50)).toEqual(draw(1, 50))
    expect(draw(1, 50)).not.toEqual(draw(2, 50))
  })

  test.each([1, 2, 3, 4])('draws every kind within 25 kills (seed %i)', (seed) => {
    const drawn = new Set(draw(seed, 25).map(({ kind }) => kind))
    expect([...drawn].sort()).toEqual(Object.keys(killKinds).sort())
  })

  test('kills at once what has just been acknowledged', () => {
    const atOnce = draw(1, 100).filter(({ kind }) => kind === 'puback' || kind === 'connack')
    expect(atOnce.length).toBeGreaterThan(5)
    expect(atOnce.every(({ delayMs }) => delayMs === 0)).toBe(true)
  })

  test('widens the commit interval for kills around a commit, and only for those', () => {
    const plans = draw(1, 200)
    const widths = (kind: string): number[] =>
      plans.filter((plan) => plan.kind === kind).map(({ commitIntervalMs }) => commitIntervalMs)
    expect(Math.max(...widths('publishQos1'))).toBeGreaterThan(50)
    expect(Math.max(...widths('load'))).toBe(1)
  })

  test('draws once more what did not come at its moment', () => {
    const planner = new KillPlanner(new SeededRandom(1))
    planner.next(false)
    planner.missed('will')
    planner.missed('will')
    expect(planner.next(false).kind).toBe('will')
    planner.missed('will')
    const left = Array.from({ length: 10 }, () => planner.next(false).kind)
    expect(left.filter((kind) => kind === 'will').length).toBeLessThan(2)
  })

  test('ends with no kill', () => {
    expect(new KillPlanner(new SeededRandom(1)).next(true).kind).toBe('end')
  })
})

describe('a trap', () => {
  test('lets some pass, takes the next, and holds all that come to its point behind it', () => {
    const trap = new Trap()
    let sprung = 0
    trap.arm('puback', 2, () => sprung++)
    const held = [1, 2, 3, 4].map(() => trap.at('puback'))
    expect(held).toEqual([false, false, true, true])
    expect(sprung).toBe(1)
  })

  test('takes nobody who has gone on already, and tells whether one has since', () => {
    const trap = new Trap()
    let isThere = false
    let isStill: (() => boolean) | undefined
    trap.arm('publishQos1', 0, (it) => {
      isStill = it
    })
    expect(trap.at('publishQos1', () => isThere)).toBe(false)
    isThere = true
    expect(trap.at('publishQos1', () => isThere)).toBe(true)
    expect(isStill?.()).toBe(true)
    isThere = false
    expect(isStill?.()).toBe(false)
  })

  test('concerns nobody at other points', () => {
    const trap = new Trap()
    trap.arm('puback', 0, () => expect.unreachable())
    expect(trap.at('pubcomp')).toBe(false)
  })

  test('that was disarmed holds nobody', () => {
    const trap = new Trap()
    trap.arm('puback', 0, () => undefined)
    trap.at('puback')
    trap.disarm()
    expect(trap.at('puback')).toBe(false)
  })
})
