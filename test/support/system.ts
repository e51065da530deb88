import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Programs that some tests need and npm does not bring, by the Debian packages that have them. */
export const debianPackages = {
  mosquitto: 'mosquitto',
  mosquitto_pub: 'mosquitto-clients',
  mosquitto_sub: 'mosquitto-clients',
  mosquitto_passwd: 'mosquitto',
  openssl: 'openssl',
  paho: 'python3-paho-mqtt',
  chromium: 'chromium',
  gcc: 'gcc libc6-dev',
  'redis-server': 'redis-server',
} as const
export type ToolName = keyof typeof debianPackages

export const toolNames = Object.keys(debianPackages) as ToolName[]

/** True where the automatic build runs: there a missing program is a failure, never a skip. */
export const isCi = process.env.CI === 'true' || process.env.CI === '1'

/** Debian puts some of these where the path of a plain user does not look. */
const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/sbin']

/**
 * The path of a program; for `paho` that of a Python which has the client, for `gcc` that of one
 * which finds the headers of glibc. Undefined: missing.
 */
export function findTool(name: ToolName): string | undefined {
  if (name === 'paho') return findPythonWithPaho()
  if (name === 'gcc') return findGccWithGlibc()
  return findProgram(name)
}

/**
 * A program for the tests of one file:
 * `const mosquittoPub = requireTool('mosquitto_pub')` at the top, then
 * `describe.skipIf(mosquittoPub.isMissing)`. Where it is missing, CI throws, so that the file
 * fails; elsewhere the reason is printed and `path` is only the name.
 */
export function requireTool(name: ToolName): {
  readonly path: string
  readonly isMissing: boolean
} {
  const path = findTool(name)
  if (path !== undefined) return { path, isMissing: false }
  const because = `${name} is not installed (apt-get install ${debianPackages[name]})`
  if (isCi) throw new Error(`${because}, and in CI no test may be skipped`)
  process.stderr.write(`skipping the tests that need ${name}: ${because}\n`)
  return { path: name, isMissing: true }
}

function findProgram(name: string): string | undefined {
  for (const folder of folders) {
    const path = join(folder, name)
    if (folder !== '' && isExecutable(path)) return path
  }
  return undefined
}

/** Debian's own Python first: its packages are not seen by one that somebody put before it. */
function findPythonWithPaho(): string | undefined {
  for (const python of ['/usr/bin/python3', findProgram('python3')]) {
    if (python === undefined || !isExecutable(python)) continue
    if (spawnSync(python, ['-c', 'import paho.mqtt.client']).status === 0) return python
  }
  return undefined
}

function findGccWithGlibc(): string | undefined {
  const gcc = findProgram('gcc')
  if (gcc === undefined) return undefined
  const input = '#include <gnu/libc-version.h>\n'
  return spawnSync(gcc, ['-E', '-'], { input }).status === 0 ? gcc : undefined
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
