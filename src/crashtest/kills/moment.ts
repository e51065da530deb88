import type { World } from '../clients/world.ts'
import { LifeOver } from '../life.ts'
import type { KillKind } from './kill-kind.ts'
import type { KillPoint } from './trap.ts'

/** Milliseconds of traffic before a kill is looked for. */
const warmMsMax = 700
const loadMsMin = 200
/** Milliseconds that clients may take to come to a point, besides some commits. */
const trapMsMax = 5000
/** Milliseconds that a will may be away from being due for its moment to be waited for. */
const willMsMax = 4000
const lookMs = 10

/**
 * Waits for the moment of a kill as the plan of the life has it, and calls `kill` then, at once. When
 * its moment does not come, it kills at random. Resolves early when somebody else ends the life.
 */
export async function killInTime(world: World, kill: (kind: KillKind) => void): Promise<void> {
  try {
    await killWhenDue(world, kill)
  } catch (error) {
    if (!(error instanceof LifeOver)) throw error
  }
}

async function killWhenDue(world: World, kill: (kind: KillKind) => void): Promise<void> {
  const { life } = world
  const { kind, moment } = life.plan
  if (kind === 'end' || kind === 'rest' || kind === 'startUp') return
  await life.pass(moment * warmMsMax)
  switch (kind) {
    case 'random':
      return kill('random')
    case 'load':
      await life.pass(loadMsMin)
      return kill('load')
    case 'will':
      return kill((await isWillDue(world)) ? 'will' : 'random')
    default:
      return trap(world, kind, kill)
  }
}

/**
 * Kills when a client has come to the point, and still stands there when the delay is over; else
 * another one is waited for, with half of the delay.
 */
async function trap(
  world: World,
  point: KillPoint & KillKind,
  kill: (kind: KillKind) => void,
): Promise<void> {
  const { life, trap } = world
  const { commitIntervalMs, delayMs, passes } = life.plan
  const arm = (passesNow: number, ms: number): void => {
    trap.arm(point, passesNow, (isStill) => {
      if (ms === 0) return kill(point)
      setTimeout(() => {
        if (isStill()) kill(point)
        else if (!life.isOver) arm(0, Math.floor(ms / 2))
      }, ms)
    })
  }
  arm(passes, delayMs)
  await life.pass(trapMsMax + 4 * commitIntervalMs)
  kill('random')
}

/** Waits until a will is just about to be due, or just was; answers false when none is in sight. */
async function isWillDue({ life, wills }: World): Promise<boolean> {
  const { delayMs } = life.plan
  for (let ms = 0; ms < willMsMax; ms += lookMs) {
    const will = wills.current
    const fromMs = (will?.earliestMs ?? 0) + delayMs - 2 * lookMs
    if (will?.state === 'pending' && performance.now() > fromMs) return true
    await life.pass(lookMs)
  }
  return false
}
