import { StoreError } from '../errors.ts'

/** Another broker has taken the store over: this one has lost it for good. */
export class StoreFenced extends StoreError {
  override name = 'StoreFenced'
}

/** Redis has lost what it had said was written, and it cannot be written again. */
export class StoreLost extends StoreError {
  override name = 'StoreLost'
}

/** The words of an error of the client library. Never the error itself: it has the command's arguments in it. */
export function wordsOf(error: unknown): string {
  const { message, previousErrors } = error as { message?: string; previousErrors?: Error[] }
  // Why a transaction was refused is said by the command that was.
  return previousErrors?.[0]?.message ?? message ?? String(error)
}
