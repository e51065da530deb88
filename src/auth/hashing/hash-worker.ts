import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import type { PasswordHash } from '../password/password-hash.ts'
import { verifyPassword } from '../password/verify.ts'

/** One password to check. */
export interface HashTask {
  readonly hash: PasswordHash
  readonly password: Uint8Array
}

/**
 * Some 110 parts of a processor against the 1024 of others: they come first, and yet this thread is
 * not left lying for seconds with a lock of the process, such as that on its memory.
 */
const niceness = 10

/** A thread that checks one password after the other: `true`, `false`, or what went wrong. */
function serve(): void {
  yieldToOthers()
  parentPort?.on('message', ({ hash, password }: HashTask) => {
    parentPort?.postMessage(outcomeOf(hash, password))
  })
}

function outcomeOf(hash: PasswordHash, password: Uint8Array): boolean | string {
  try {
    return verifyPassword(hash, password)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Logins may wait, traffic may not. Only Linux lowers a thread; elsewhere it would be the process. */
function yieldToOthers(): void {
  if (process.platform !== 'linux') return
  try {
    setPriority(0, niceness)
  } catch {
    // Then they share the processor evenly.
  }
}

serve()
