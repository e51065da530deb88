import { existsSync } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'

const options = { recursive: true, mode: 0o700 } as const

/** Makes a folder, and those above it, where they are missing; for its owner only. Rejects with what the system says. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, options)
  } catch (error) {
    // Of a disk that is read-only Node says that the folder is not there, when it makes several at once.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    let top = folder
    while (!existsSync(dirname(top))) top = dirname(top)
    await mkdir(top, options.mode)
    await mkdir(folder, options)
  }
}

/** Names are safe when their folder is. Rejects with what the system says. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
