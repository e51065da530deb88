import type { StoreBackend } from './kit.ts'
import { queueContract } from './queues.ts'
import { sessionContract } from './sessions.ts'
import { survivalContract } from './survival.ts'

/** What every store promises the broker; a back end's test is one call of it. */
export function storeContract(backend: StoreBackend): void {
  sessionContract(backend)
  queueContract(backend)
  survivalContract(backend)
}
