import { randomBytes } from 'node:crypto'
import type { Clock } from './base/clock.ts'
import type { Wake } from './base/deadlines.ts'
import type { Random } from './base/random.ts'

/** setTimeout takes no more; a deadline farther away is looked at again then. */
const timeoutMaxMs = 2 ** 31 - 1

/** The machine's time. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallMs: () => Date.now(),
}

/** The machine's timer. */
export const systemWake: Wake = (delayMs, wake) => {
  const timer = setTimeout(wake, Math.min(Math.ceil(delayMs), timeoutMaxMs))
  return () => clearTimeout(timer)
}

/** Chance from the machine: texts are fit for identifiers that nobody should guess. */
export const systemRandom: Random = {
  below: (bound) => Math.floor(Math.random() * bound),
  text: (length) => {
    let text = ''
    while (text.length < length) {
      text += randomBytes(length).toString('base64').replace(/[+/=]/g, '')
    }
    return text.slice(0, length)
  },
}
