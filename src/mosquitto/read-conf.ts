import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One line of a mosquitto.conf that says something. */
export interface Directive {
  readonly file: string
  readonly line: number
  readonly key: string
  /** Everything behind the key; empty where there is nothing. */
  readonly value: string
}

/** As deep as `include_dir` may lead. */
const depthMax = 10
/** Bytes of one file. */
const fileBytesMax = 4 * 1024 * 1024

/** A file or folder that cannot be read. */
export class UnreadableConf extends Error {
  override name = 'UnreadableConf'
}

/**
 * Reads a mosquitto.conf as mosquitto does: a directive a line, `#` at the start of one begins a
 * comment, `include_dir` reads the `.conf` files of a folder in the order of their names.
 * Throws: UnreadableConf.
 */
export function readConf(file: string, depth = 0): Directive[] {
  if (depth > depthMax) throw new UnreadableConf(`${file}: include_dir leads in circles`)
  return textOf(file)
    .split(/\r?\n/)
    .flatMap((text, index) => {
      const found = /^\s*([^\s#]\S*)(?:\s+(.*?))?\s*$/.exec(text)
      if (found === null) return []
      const [, key = '', value = ''] = found
      const directive = { file, line: index + 1, key, value }
      return key === 'include_dir' && value !== '' ? included(directive, depth) : [directive]
    })
}

function included({ file, line, value }: Directive, depth: number): Directive[] {
  return namesIn(value, `${file}:${line} include_dir`).flatMap((name) =>
    readConf(join(value, name), depth + 1),
  )
}

function namesIn(folder: string, where: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.conf'))
      .sort()
  } catch (error) {
    throw new UnreadableConf(`${where}: ${(error as Error).message}`)
  }
}

function textOf(file: string): string {
  try {
    const bytes = readFileSync(file)
    if (bytes.length <= fileBytesMax) return bytes.toString('utf8')
  } catch (error) {
    throw new UnreadableConf(`${file}: ${(error as Error).message}`)
  }
  throw new UnreadableConf(`${file} is too large; wanted: at most 4MB`)
}
