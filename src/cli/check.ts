import { ExitCode } from './exit-code.ts'
import { type SettingFlags, settleWithFiles } from './settings.ts'

/** Says whether the broker would take the configuration, without starting anything. */
export function check(flags: SettingFlags): ExitCode {
  if (settleWithFiles(flags) === undefined) return ExitCode.Configuration
  process.stdout.write(`${flags.config ?? 'the environment'}: no problems\n`)
  return ExitCode.Ok
}
