/** Why a store cannot be opened: what is wrong with which file or server, and what to do about it. */
export class StoreError extends Error {
  override name = 'StoreError'
}

/** Another process has it open. */
export class StoreInUse extends StoreError {
  override name = 'StoreInUse'
}

/** What was written is not what is there. Nothing was changed by looking at it. */
export class StoreDamaged extends StoreError {
  override name = 'StoreDamaged'
}

/** It was written by another version, which this one cannot read. */
export class StoreVersion extends StoreError {
  override name = 'StoreVersion'
}

/** The system refuses: no permission, no space, no such folder. */
export class StoreUnavailable extends StoreError {
  override name = 'StoreUnavailable'
}

/** The word of the system for why it refuses, such as ENOSPC. */
export function systemCode(error: unknown): string | undefined {
  const { cause, code } = error as { cause?: unknown; code?: unknown }
  if (typeof code === 'string' && /^E[A-Z0-9]+$/.test(code)) return code
  return cause === undefined ? undefined : systemCode(cause)
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'no permission',
  EDQUOT: 'the quota of the disk is used up',
  EIO: 'the disk has an error',
  ENOSPC: 'the disk is full',
  EPERM: 'no permission',
  EROFS: 'the disk is read-only',
}

/** The same for people; the code itself where there are no better words. */
export function reasonOf(code: string): string {
  return reasons[code] ?? code
}
