import { ServerError } from '../client/reply.ts'
import type { World } from './clients/world.ts'
import { LifeOver } from './life.ts'
import type { Cast } from './roles/cast.ts'

/** Milliseconds without any arrival after which what is still owed will not come any more. */
const quietMsMax = 15_000
const lookMs = 10

/**
 * Lets everybody come to rest: what they had begun is finished, then everything that there is to
 * subscribe to is published to once more, and behind it something to everyone. When that has come,
 * nothing else is on its way, and the ledger tells what never came.
 */
export async function comeToRest(world: World, cast: Cast): Promise<void> {
  try {
    await cast.play()
    await cast.probe()
    await delivered(world)
  } catch (error) {
    if (!(error instanceof LifeOver || error instanceof ServerError)) throw error
    if (world.life.isOver) return
    world.faults.add('connection', `while all came to rest: ${error.message}`)
  }
  world.ledger.audit()
}

async function delivered({ ledger, life }: World): Promise<void> {
  let debts = ledger.debts
  let progressMs = performance.now()
  while (debts > 0 && performance.now() - progressMs < quietMsMax) {
    await life.pass(lookMs)
    if (ledger.debts !== debts) progressMs = performance.now()
    debts = ledger.debts
  }
}
