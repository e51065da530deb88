import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { storeContract } from './store.ts'

storeContract({
  name: 'MemoryStore',
  features: { reopens: true },
  async open() {
    const store = new MemoryStore()
    return { store, reopen: async () => store, remove: () => store.close() }
  },
})
