import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { storeContract } from './store.ts'

storeContract({
  name: 'MemoryStore',
  features: { carriesTime: false },
  async open() {
    const store = new MemoryStore()
    const reopen = async (): Promise<MemoryStore> => {
      await store.open()
      return store
    }
    return { store, reopen, remove: () => store.close() }
  },
})
