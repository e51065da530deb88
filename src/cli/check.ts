import { ExitCode } from './exit-code.ts'
import { type SettingFlags, settleWithFiles } from './settings.ts'

/** Says whether the broker would take the configuration and its files, without starting anything. */
export async function check(flags: SettingFlags): Promise<ExitCode> {
  const configuration = settleWithFiles(flags)
  if (configuration === undefined) return ExitCode.Configuration
  const { AccessControl } = await import('../auth/access-control.ts')
  const { FileProblems } = await import('../auth/file-problem.ts')
  try {
    new AccessControl(configuration.access)
  } catch (error) {
    if (!(error instanceof FileProblems)) throw error
    process.stderr.write(`${error.message}\n`)
    return ExitCode.Configuration
  }
  process.stdout.write(`${flags.config ?? 'the environment'}: no problems\n`)
  return ExitCode.Ok
}
