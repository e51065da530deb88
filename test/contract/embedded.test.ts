import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EmbeddedStore } from '../../src/store/embedded/embedded-store.ts'
import { TestLog } from '../support/test-log.ts'
import type { StoreTime } from './kit.ts'
import { storeContract } from './store.ts'

storeContract({
  name: 'EmbeddedStore',
  features: { carriesTime: true },
  async open(time) {
    const folder = mkdtempSync(join(tmpdir(), 'store-'))
    const openAgain = async (at: StoreTime): Promise<EmbeddedStore> => {
      const store = new EmbeddedStore(folder, new TestLog())
      await store.open({ now: () => at.now, wallMs: () => at.wallMs })
      return store
    }
    let store = await openAgain(time)
    const reopen = async (at: StoreTime): Promise<EmbeddedStore> => {
      await store.close()
      store = await openAgain(at)
      return store
    }
    const remove = async (): Promise<void> => {
      await store.close()
      rmSync(folder, { recursive: true })
    }
    return { store, reopen, remove }
  },
})
