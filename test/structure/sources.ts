import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'

export const root = resolve(import.meta.dirname, '../..')

/** One source file, its path relative to the root with forward slashes. */
export interface Source {
  readonly path: string
  readonly text: string
}

/** All TypeScript files below a folder, in order of their paths. */
export function readSources(folder: string): Source[] {
  const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort()
    .map((path) => ({ path, text: readText(path) }))
}

export function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** Paths of what git tracks. */
export function trackedFiles(): string[] {
  const listing = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
  return listing.split('\0').filter((path) => path !== '')
}

/**
 * Comments, strings, templates and regular expressions; a regular expression is told from a
 * division by what stands before it.
 */
const token =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|(?<=(?:^|[(,=:[!&|?{};>]|return)\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[dgimsuvy]*/gm

/** The source without its comments; the rest stands where it stood, line by line. */
export function withoutComments(text: string): string {
  return text.replace(token, (match) =>
    match.startsWith('//') || match.startsWith('/*') ? match.replace(/[^\n]/g, ' ') : match,
  )
}

/** The code alone: no comments, no text; of a template what it computes. */
export function codeOf(text: string): string {
  return text.replace(token, (match) => {
    if (!match.startsWith('`')) return match.replace(/[^\n]/g, ' ')
    const computed = match.match(/\$\{[^}]*\}/g) ?? []
    return computed.join(' ') + match.replace(/[^\n]/g, '')
  })
}

/** The string literals of a source, without their quotes, with where each begins. */
export function stringsOf(text: string): { value: string; offset: number }[] {
  const strings: { value: string; offset: number }[] = []
  for (const match of text.matchAll(token)) {
    if (/^['"`]/.test(match[0])) strings.push({ value: match[0].slice(1, -1), offset: match.index })
  }
  return strings
}

const importPattern =
  /\b(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|\bimport\s*['"]([^'"]+)['"]|\b(?:import|require)\s*\(\s*['"]([^'"]+)['"]/g

/** What a source imports, as it is written: static, type-only, re-exported and dynamic. */
export function importsOf(text: string): string[] {
  const found = withoutComments(text).matchAll(importPattern)
  return [...found].map((match) => match[1] ?? match[2] ?? match[3] ?? '')
}
