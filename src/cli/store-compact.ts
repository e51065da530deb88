import type { StoreDescription } from '../store/transfer/ports.ts'
import { ExitCode } from './exit-code.ts'
import type { SettingFlags } from './settings.ts'
import { onStore, openStore } from './store-open.ts'
import { sizeText } from './store-text.ts'

/** Gives back to the disk what the store takes and does not need. */
export function compact(flags: SettingFlags): Promise<ExitCode> {
  return onStore(flags, async (configuration) => {
    const { backend } = configuration.store
    if (backend !== 'embedded') {
      process.stdout.write(`store.backend is ${backend}: there is nothing to compact\n`)
      return ExitCode.Ok
    }
    const store = await openStore(configuration)
    try {
      const before = await store.describe?.()
      await store.compact?.()
      const after = await store.describe?.()
      process.stdout.write(`before  ${sizesText(before)}\nafter   ${sizesText(after)}\n`)
    } finally {
      await store.close()
    }
    return ExitCode.Ok
  })
}

function sizesText(description: StoreDescription | undefined): string {
  const sizes = Object.entries(description?.bytes ?? {})
  const parts = sizes.map(([what, size]) => `${what} ${sizeText(size)}`)
  const sum = sizes.reduce((total, [, size]) => total + size, 0)
  return `${sizeText(sum)}: ${parts.join(', ')}`
}
