/** The words on the command line make no sense. */
export class UsageError extends Error {
  override name = 'UsageError'
}
