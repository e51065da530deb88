import type { JsonObject } from '../base/json-object.ts'
import { printable } from './printable.ts'
import { sizeText } from './store-text.ts'

/** Columns of a table for people: the name of the value in a row, and what stands above it. */
export type Columns = readonly (readonly [name: string, title: string])[]

/** Rows under their titles, numbers to the right; nothing but the titles where there is no row. */
export function tableOf(columns: Columns, rows: readonly JsonObject[]): string {
  const cells = rows.map((row) => columns.map(([name]) => cellText(name, row[name])))
  const widths = columns.map(([, title], i) =>
    Math.max(title.length, ...cells.map((line) => line[i]?.length ?? 0)),
  )
  const isNumber = columns.map(([name]) => rows.some((row) => typeof row[name] === 'number'))
  const lineOf = (line: readonly string[]): string =>
    line
      .map((text, i) => {
        const width = widths[i] ?? 0
        return isNumber[i] === true ? text.padStart(width) : text.padEnd(width)
      })
      .join('  ')
      .trimEnd()
  return `${[columns.map(([, title]) => title), ...cells].map(lineOf).join('\n')}\n`
}

/** One thing, a line for each of its values; what it holds inside is told under both names. */
export function sheetOf(thing: JsonObject): string {
  const rows = rowsOf(thing, '')
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, text]) => `${name.padEnd(width)}  ${text}\n`).join('')
}

function rowsOf(thing: JsonObject, before: string): (readonly [name: string, text: string])[] {
  return Object.entries(thing).flatMap(([name, value]) => {
    const label = `${before}${name.replace(/_(?:bytes|cnt)$/, '').replaceAll('_', ' ')}`
    if (typeof value === 'object' && value !== null) return rowsOf(value as JsonObject, `${label} `)
    return [[name.endsWith('_bytes') ? `${label} bytes` : label, cellText(name, value)] as const]
  })
}

function cellText(name: string, value: unknown): string {
  if (value === null || value === undefined || value === '') return '-'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'number') return name.endsWith('_bytes') ? sizeText(value) : `${value}`
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  // Times of ISO 8601, to the second.
  return name.endsWith('_at') ? text.replace(/\.\d+Z$/, 'Z') : printable(text)
}
