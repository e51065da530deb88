import { spawnSync } from 'node:child_process'
import { debianPackages, findTool, isCi, toolNames } from '../test/support/system.ts'

/**
 * Installs with apt-get what the tests need beyond npm, where something is missing and we are
 * root on a Debian. Answers what is missing still; the tests that need it skip (in CI: fail).
 */
export function installMissingTools(): string[] {
  const missing = toolNames.filter((name) => findTool(name) === undefined)
  if (missing.length === 0) return []
  const packages = [...new Set(missing.map((name) => debianPackages[name]))]
  if (process.getuid?.() !== 0) {
    console.log(`not installed, and only root may: apt-get install ${packages.join(' ')}`)
    return missing
  }
  console.log(`installing with apt-get: ${packages.join(' ')}`)
  if (!apt(['update', '-q']) || !apt(['install', '-qy', '--no-install-recommends', ...packages])) {
    console.log('apt-get could not install them')
  }
  return missing.filter((name) => findTool(name) === undefined)
}

/** The packages' services must not start: a mosquitto on 1883 would be in the way of our own. */
function apt(parameters: string[]): boolean {
  const result = spawnSync('apt-get', parameters, {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  })
  if (result.status === 0) return true
  console.log(`apt-get ${parameters.join(' ')}: ${result.error?.message ?? result.stderr}`)
  return false
}

/** What to say of tools that stay missing; in CI this is a failed step. */
export function describeMissing(missing: readonly string[]): string {
  const end = isCi ? 'in CI no test may be skipped' : 'the tests that need them are skipped'
  return `not installed: ${missing.join(', ')}; ${end}`
}
