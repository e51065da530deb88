/** What the process ends with, after sysexits.h; 128 and the signal's number after a second signal. */
export const ExitCode = {
  Ok: 0,
  /** It could not start or go on: a port in use, a disk that is full. What a command was to do is not done. */
  Failure: 1,
  /** The command line itself is wrong. */
  Usage: 64,
  /** A command is for a broker that runs, and none runs there. */
  Unavailable: 69,
  /** A bug of ours. */
  Internal: 70,
  /** The broker belongs to another user. */
  NoPermission: 77,
  /** The configuration is wrong, or its file cannot be read. */
  Configuration: 78,
} as const
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

/** The same for `--help`. */
export const exitCodesText = [
  'Exit codes: 0 stopped as asked, or done; 1 could not start or go on, or not done; 64 wrong command',
  'line; 69 no broker runs there; 70 a bug in the broker; 77 the broker belongs to another user; 78 a',
  'wrong configuration; 130 or 143 ended at once by a second signal.',
].join('\n')
