import { spawnSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { debianPackages, findTool, isCi, toolNames } from '../test/support/system.ts'

/**
 * Installs with apt-get what the tests need beyond npm, where something is missing and we are
 * root on a Debian. Answers what is missing still; the tests that need it skip (in CI: fail).
 */
export function installMissingTools(): string[] {
  const missing = toolNames.filter((name) => findTool(name) === undefined)
  if (missing.length === 0) return []
  const packages = [...new Set(missing.flatMap((name) => debianPackages[name].split(' ')))]
  if (process.getuid?.() !== 0) {
    console.log(`not installed, and only root may: apt-get install ${packages.join(' ')}`)
    return missing
  }
  console.log(`installing with apt-get: ${packages.join(' ')}`)
  withoutServices(() => {
    if (apt(['update', '-q'])) apt(['install', '-qy', '--no-install-recommends', ...packages])
  })
  return missing.filter((name) => findTool(name) === undefined)
}

/** Debian asks this file whether a package may start its service; 101 is no. */
const policyFile = '/usr/sbin/policy-rc.d'

/** A mosquitto that starts itself on 1883 would be in the way of our own broker. */
function withoutServices(install: () => void): void {
  const isOurs = !existsSync(policyFile)
  if (isOurs) writeFileSync(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    install()
  } finally {
    if (isOurs) rmSync(policyFile, { force: true })
  }
}

function apt(parameters: string[]): boolean {
  const result = spawnSync('apt-get', parameters, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
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
