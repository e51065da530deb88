import type { ServerAddress } from '../../client/connection.ts'
import type { Turn } from '../../client/turn.ts'
import type { ExpiryAudit } from '../audit/expiry-audit.ts'
import type { Faults } from '../audit/faults.ts'
import type { Ledger } from '../audit/ledger.ts'
import type { RetainedAudit } from '../audit/retained-audit.ts'
import type { WillAudit } from '../audit/will-audit.ts'
import type { Trap } from '../kills/trap.ts'
import type { Life } from '../life.ts'

/** What all clients of a run share. */
export interface World {
  /** What client identifiers and topics begin with: another one for each run. */
  readonly prefix: string
  readonly turn: Turn
  readonly faults: Faults
  readonly ledger: Ledger
  readonly retained: RetainedAudit
  readonly wills: WillAudit
  readonly expiry: ExpiryAudit
  readonly trap: Trap
  /** Of the broker that is up now. */
  address: ServerAddress
  life: Life
  /** Told of each CONNACK that accepts. */
  onServed: () => void
}
