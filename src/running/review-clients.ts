import type { Logger } from '../base/logger.ts'
import { reviewAccess } from '../channel/review.ts'
import type { Connection } from '../listeners/connection.ts'

/** Connections that are looked at in one turn of the event loop. */
const reviewedInTurn = 500

/** Who may connect and do what is another thing: asks of each client again what it may. */
export async function reviewClients(
  connections: readonly Connection[],
  log: Logger,
): Promise<void> {
  for (const [index, { channel }] of connections.entries()) {
    if (index % reviewedInTurn === reviewedInTurn - 1) await new Promise(setImmediate)
    channel.guard(() => reviewAccess(channel))
  }
  log.info({ connections: connections.length }, 'password and rule files read again')
}
