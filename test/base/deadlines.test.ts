import fc from 'fast-check'
import { beforeEach, expect, test } from 'vitest'
import { type Deadline, Deadlines } from '../../src/base/deadlines.ts'

/** A clock that a test moves, and the one wake-up that is set on it. */
let now: number
let wake: { at: number; call: () => void } | undefined
let wakesSet: number
let deadlines: Deadlines
let due: string[]

beforeEach(() => {
  now = 0
  wake = undefined
  wakesSet = 0
  due = []
  deadlines = new Deadlines({ now: () => now, wallMs: () => now }, (delayMs, call) => {
    expect(wake).toBeUndefined()
    const set = { at: now + delayMs, call }
    wake = set
    wakesSet++
    return () => {
      if (wake === set) wake = undefined
    }
  })
})

function set(name: string, at: number): Deadline {
  return deadlines.set(at, () => due.push(name))
}

/** Moves the clock to the wake-up, if there is one, and wakes. */
function awake(): void {
  const woken = wake
  if (woken === undefined) return
  wake = undefined
  now = Math.max(now, woken.at)
  woken.call()
}

/** Wakes at the time that it is, however early that may be. */
function awakeNow(): void {
  const woken = wake
  wake = undefined
  woken?.call()
}

test('there is one wake-up, for the earliest', () => {
  set('b', 20)
  expect(wake?.at).toBe(20)
  set('a', 10)
  expect(wake?.at).toBe(10)
  set('c', 30)
  expect(wakesSet).toBe(2)
  awake()
  expect(due).toEqual(['a'])
  expect(wake?.at).toBe(20)
  awake()
  awake()
  expect(due).toEqual(['a', 'b', 'c'])
  expect(wake).toBeUndefined()
  expect(deadlines.size).toBe(0)
})

test('all that is due is called in the order of its time, with the time it is', () => {
  const times: number[] = []
  for (const at of [30, 10, 20, 40]) deadlines.set(at, (time) => times.push(at, time))
  now = 35
  deadlines.run()
  expect(times).toEqual([10, 35, 20, 35, 30, 35])
  expect(wake?.at).toBe(40)
})

test('one that is cancelled is not called; cancelling it again, or nothing, is harmless', () => {
  const a = set('a', 10)
  set('b', 20)
  expect(a.isSet).toBe(true)
  deadlines.cancel(a)
  deadlines.cancel(a)
  deadlines.cancel(undefined)
  expect(a.isSet).toBe(false)
  now = 20
  deadlines.run()
  expect(due).toEqual(['b'])
})

test('one that is moved is called once, at its new time; also one that was called before', () => {
  const a = set('a', 10)
  set('b', 20)
  deadlines.move(a, 30)
  now = 30
  deadlines.run()
  expect(due).toEqual(['b', 'a'])
  deadlines.move(a, 40)
  awake()
  expect(due).toEqual(['b', 'a', 'a'])
})

test('what is due may cancel, move and set others, and itself', () => {
  const later = set('later', 10)
  const moved = set('moved', 10)
  const again: Deadline = deadlines.set(5, () => {
    due.push('first')
    deadlines.cancel(later)
    deadlines.move(moved, 20)
    deadlines.set(10, () => due.push('new'))
    if (due.length < 2) deadlines.move(again, 15)
  })
  now = 10
  deadlines.run()
  expect(due).toEqual(['first', 'new'])
  awake()
  awake()
  expect(due).toEqual(['first', 'new', 'first', 'new', 'moved'])
})

test('one that throws loses none of the others', () => {
  deadlines.set(10, () => {
    throw new Error('a bug')
  })
  set('same time', 10)
  set('later', 20)
  now = 10
  expect(() => deadlines.run()).toThrow('a bug')
  expect(wake?.at).toBe(10)
  awake()
  awake()
  expect(due).toEqual(['same time', 'later'])
})

test('a timer that wakes too early, as for far deadlines, is set again', () => {
  const far = 2 ** 31 + 1000
  set('far', far)
  now = 2 ** 31 - 1
  awakeNow()
  expect(due).toEqual([])
  expect(wake?.at).toBe(far)
  awake()
  expect(due).toEqual(['far'])
})

test('clear forgets everything', () => {
  const a = set('a', 10)
  deadlines.clear()
  expect(a.isSet).toBe(false)
  expect(wake).toBeUndefined()
  set('b', 20)
  expect(wake?.at).toBe(20)
})

test('is a sorted list, whatever is set, moved and cancelled', () => {
  const step = fc.record({
    what: fc.constantFrom('set', 'move', 'cancel', 'pass'),
    which: fc.nat(20),
    at: fc.nat(100),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let time = 0
      const called: Deadline[] = []
      const all = new Deadlines({ now: () => time, wallMs: () => 0 }, () => () => undefined)
      const set: Deadline[] = []
      const model = new Map<Deadline, number>()
      for (const { what, which, at } of steps) {
        const one = set[which % Math.max(1, set.length)]
        if (what === 'set') {
          const deadline: Deadline = all.set(time + at, () => called.push(deadline))
          set.push(deadline)
          model.set(deadline, time + at)
        } else if (what === 'pass') {
          time += at
          called.length = 0
          all.run()
          const expected = [...model].filter(([, dueAt]) => dueAt <= time)
          expect(called.map((deadline) => deadline.at)).toEqual(
            expected.map(([, dueAt]) => dueAt).sort((a, b) => a - b),
          )
          for (const [deadline] of expected) model.delete(deadline)
        } else if (one !== undefined && what === 'move') {
          all.move(one, time + at)
          model.set(one, time + at)
        } else if (one !== undefined) {
          all.cancel(one)
          model.delete(one)
        }
        expect(all.size).toBe(model.size)
      }
    }),
  )
})
