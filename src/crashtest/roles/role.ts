import { ServerError } from '../../client/reply.ts'
import type { TestClient } from '../clients/test-client.ts'
import type { World } from '../clients/world.ts'
import { LifeOver } from '../life.ts'

/** One of those who use the broker, with a habit of its own. */
export interface Role {
  readonly name: string
  /** Its clients whose sessions last. */
  readonly clients: readonly TestClient[]
  /**
   * Does its part in the life of the broker that has begun, until that is over; in one of rest, until
   * it has come to rest. Rejects: LifeOver, ServerError.
   */
  play(): Promise<void>
}

/** Failures in one life, while the broker is up, after which a role gives up until the next. */
const failuresMax = 10
const retryMs = 200

/** Lets a role play, again when its connection fails while the broker is up, which is a fault. */
export async function perform(role: Role, world: World): Promise<void> {
  const { life } = world
  for (let failures = 0; failures < failuresMax; failures++) {
    try {
      return await role.play()
    } catch (error) {
      if (!(error instanceof ServerError || error instanceof LifeOver)) throw error
      if (life.isOver) return
      world.faults.add('connection', `${role.name}: ${error.message}`)
      await life.pass(retryMs).catch(() => undefined)
    }
  }
}
