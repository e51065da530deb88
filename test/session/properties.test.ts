import fc from 'fast-check'
import { describe, it } from 'vitest'
import { Session } from '../../src/session/session.ts'
import { CollectingRecorder } from '../support/collecting-recorder.ts'
import { World } from './model.ts'
import { Siblings } from './siblings.ts'
import { type Step, steps } from './steps.ts'

/**
 * How many histories are tried (`HISTORIES`). A failure prints its seed and path; `HISTORY_SEED`
 * and `HISTORY_PATH` try it again.
 */
const { HISTORIES, HISTORY_SEED, HISTORY_PATH } = process.env
const histories = Number(HISTORIES ?? 10_000)
const again = {
  ...(HISTORY_SEED !== undefined && { seed: Number(HISTORY_SEED) }),
  ...(HISTORY_PATH !== undefined && { path: HISTORY_PATH }),
}

const names = Object.entries(steps).flatMap(([what, often]) =>
  new Array<Step['what']>(often).fill(what as Step['what']),
)
const history = fc.array(
  fc.nat({ max: names.length * 128 - 1 }).map((n): Step => {
    const what = names[n % names.length] as Step['what']
    return { what, how: Math.floor(n / names.length) }
  }),
  { maxLength: 80, size: 'max' },
)
/** Most begin where packet ids soon wrap. */
const firstPacketId = fc.oneof(fc.constant(1), fc.integer({ min: 65528, max: 65535 }))

describe('whatever happens to a session', () => {
  it('[MQTT-2.2.1-4] [MQTT-3.3.4-9] [MQTT-4.3.3-1] [MQTT-4.4.0-1] [MQTT-4.6.0-1] [MQTT-4.6.0-6] nothing is lost, doubled or out of order', () => {
    fc.assert(
      fc.property(history, firstPacketId, fc.boolean(), (past, packetId, isDurable) => {
        const world = new World(packetId, isDurable)
        for (const step of past) world.run(step)
        if (isDurable) world.checkFolded()
        world.settle()
      }),
      { numRuns: histories, ...again },
    )
  })

  it('its folded records, and its snapshot, give sessions that behave like it from then on', () => {
    fc.assert(
      fc.property(
        history,
        history,
        firstPacketId,
        fc.boolean(),
        (past, future, packetId, isLive) => {
          const world = new World(packetId, true)
          for (const step of past) if (isInRecords(step)) world.run(step)
          world.part()
          const { session, recorder } = world
          // Ids that left no trace may be given again: only what is in flight keeps its own.
          const { nextPacketId } = session.snapshot()
          const folded = { ...world.folded(), nextPacketId }
          const snapshot = isLive ? { ...session.snapshot(), mqueue: folded.mqueue } : folded
          const other = new CollectingRecorder(() => restored, snapshot)
          const restored: Session = Session.restore(snapshot, session.options, other, world)
          const siblings = new Siblings(
            [
              [session, recorder],
              [restored, other],
            ],
            isLive,
          )
          for (const step of future) siblings.run(step)
        },
      ),
      { numRuns: histories, ...again },
    )
  })
})

/**
 * What only memory holds is left out: retained messages on their way, and whether a slot was sent,
 * which matters to a message that expires.
 */
function isInRecords({ what, how }: Step): boolean {
  return what !== 'sendRetained' && (what !== 'deliver' || !World.expires(how))
}
