import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { requireTool } from '../system.ts'

const gcc = requireTool('gcc')

/** Whether disk faults cannot be had here: without gcc. The reason has been printed. */
export const diskFaultsAreMissing = gcc.isMissing

/** Fortified headers define functions of libc themselves, which is what we do, too. */
const flags = ['-shared', '-fPIC', '-O2', '-U_FORTIFY_SOURCE']

/** The path of disk-faults.so; it is compiled unless these sources have been before. */
export function diskFaultsLibrary(): string {
  const sources = readdirSync(import.meta.dirname)
    .filter((name) => /\.[ch]$/.test(name))
    .sort()
    .map((name) => join(import.meta.dirname, name))
  const hash = createHash('sha256').update(flags.join())
  for (const path of sources) hash.update(path).update(readFileSync(path))
  const user = userInfo().uid
  const name = `mqtt-broker-disk-faults-${user}-${hash.digest('hex').slice(0, 16)}`
  const folder = join(tmpdir(), name)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (statSync(folder).uid !== user) throw new Error(`${folder} belongs to somebody else`)
  const library = join(folder, 'disk-faults.so')
  if (!existsSync(library)) compile(sources, library)
  return library
}

/** Renames at the end: other test files may be looking for it at the same time. */
function compile(sources: readonly string[], library: string): void {
  const fresh = `${library}.${process.pid}`
  const files = sources.filter((path) => path.endsWith('.c'))
  const words = [...flags, '-o', fresh, ...files, '-ldl', '-pthread']
  const result = spawnSync(gcc.path, words, { encoding: 'utf8' })
  if (result.status !== 0) throw new Error(`gcc ${words.join(' ')}:\n${result.stderr}`)
  renameSync(fresh, library)
}
