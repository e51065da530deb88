import type { Rate } from '../channel/options.ts'
import { formatDuration, parseDuration } from './duration.ts'
import { type Form, patternOrVariable, textOf, Wrong } from './form.ts'
import { parseRate, type RateUnit } from './rate.ts'
import { Share } from './share.ts'
import { formatSize, parseSize } from './size.ts'

/** The smallest and largest value; `infinity` says that the word is allowed for no limit at all. */
export interface Range {
  readonly min: number
  readonly max: number
  readonly infinity?: true
  /** 0 is another way to say `infinity`, as the field does for these keys. */
  readonly zeroIsInfinity?: true
}

const infinity = Number.POSITIVE_INFINITY

/** A whole number. */
export function whole(range: Range): Form<number> {
  const numbers = `a whole number from ${range.min} to ${range.max}`
  return {
    wanted: orWords(numbers, range),
    json: {
      type: ['integer', 'string'],
      minimum: range.zeroIsInfinity ? 0 : range.min,
      maximum: range.max,
      pattern: patternOrVariable(range.infinity ? '\\d+|infinity' : '\\d+'),
    },
    read: (written) => {
      const number = /^\d{1,16}$/.test(textOf(written)) ? Number(written) : undefined
      return inRange(written === 'infinity' ? infinity : number, range, 'is not a whole number')
    },
  }
}

/** A number that may have a fraction. */
export function decimal(range: Range): Form<number> {
  return {
    wanted: `a number from ${range.min} to ${range.max}`,
    json: {
      type: ['number', 'string'],
      minimum: range.min,
      maximum: range.max,
      pattern: patternOrVariable('\\d+(\\.\\d+)?'),
    },
    read: (written) => {
      const number = /^\d{1,9}(\.\d{1,9})?$/.test(textOf(written)) ? Number(written) : undefined
      return inRange(number, range, 'is not a number')
    },
  }
}

/** A time, read as milliseconds. */
export function duration(range: Range): Form<number> {
  const ends = `from ${formatDuration(range.min)} to ${formatDuration(range.max)}`
  return {
    wanted: orWords(`a duration such as 500ms, 30s, 15m, 2h or 7d${boundedBy(range, ends)}`, range),
    json: durationJson,
    read: (written) => readDuration(written, range),
  }
}

/** A time of whole seconds, read as seconds; `range` counts in seconds. */
export function seconds(range: Range): Form<number> {
  const ends = `from ${range.min}s to ${range.max}s`
  const rangeMs = { ...range, min: range.min * 1000, max: range.max * 1000 }
  return {
    wanted: orWords(`whole seconds such as 30s, 2h or 7d${boundedBy(range, ends)}`, range),
    json: durationJson,
    read: (written) => {
      const durationMs = readDuration(written, rangeMs)
      if (durationMs instanceof Wrong) return durationMs
      if (durationMs % 1000 !== 0 && durationMs !== infinity)
        return new Wrong('is not in whole seconds')
      return durationMs / 1000
    },
  }
}

/** A size, read as bytes. */
export function size(range: Range): Form<number> {
  const ends = `from ${formatSize(range.min)} to ${formatSize(range.max)}`
  return {
    wanted: orWords(`a size such as 64KB or 1MB${boundedBy(range, ends)}`, range),
    json: sizeJson('infinity'),
    read: (written) => inRange(parseSize(textOf(written)), range, 'is not a size'),
  }
}

/** A size, read as bytes, or a share. */
export function sizeOrShare(): Form<number | Share> {
  return {
    wanted: 'a size such as 512MB, a share from 1% to 100%, or infinity',
    json: sizeJson('infinity|\\d+%'),
    read: (written) => {
      const share = /^(\d{1,3})%$/.exec(textOf(written))?.[1]
      if (share === undefined) {
        return inRange(parseSize(textOf(written)), sharedSize, 'is neither a size nor a share')
      }
      const percent = Number(share)
      if (percent < 1 || percent > 100) return new Wrong('is not a share from 1% to 100%')
      return new Share(percent)
    },
  }
}

/** A rate, null for `infinity`. */
export function rate(unit: RateUnit): Form<Rate | null> {
  const example = unit === 'bytes' ? '1MB/s or 10MB/1m' : '100/s or 500/10s'
  return {
    wanted: `a rate above 0 such as ${example}, or infinity`,
    json: { type: 'string', pattern: patternOrVariable('.+/.+|infinity') },
    read: (written) => {
      if (written === 'infinity') return null
      if (typeof written === 'number') return new Wrong('says how much but not in what time')
      return parseRate(textOf(written), unit) ?? new Wrong('is not a rate')
    },
  }
}

/** What another form takes, or the word `none`, read as null. */
export function orNone<Value>(form: Form<Value>): Form<Value | null> {
  return {
    wanted: `${form.wanted}, or none`,
    json: form.json,
    read: (written) => (written === 'none' ? null : form.read(written)),
  }
}

const sharedSize: Range = { min: 1, max: Number.MAX_SAFE_INTEGER, infinity: true }

const durationJson = {
  type: ['integer', 'string'],
  maximum: 0,
  minimum: 0,
  pattern: patternOrVariable('\\d+ ?(ms|s|m|h|d)|0|infinity|none'),
}

function sizeJson(words: string): Readonly<Record<string, unknown>> {
  const pattern = patternOrVariable(`\\d+ ?([kKmMgGtT]?i?[bB])?|${words}`)
  return { type: ['integer', 'string'], minimum: 0, pattern }
}

function readDuration(written: unknown, range: Range): number | Wrong {
  if (typeof written === 'number' && written !== 0) return new Wrong('has no unit')
  if (/^\d+$/.test(textOf(written)) && Number(written) !== 0) return new Wrong('has no unit')
  return inRange(parseDuration(textOf(written)), range, 'is not a duration')
}

function inRange(value: number | undefined, range: Range, otherwise: string): number | Wrong {
  if (value === undefined) return new Wrong(otherwise)
  if (value === infinity) return range.infinity ? value : new Wrong('is not possible here')
  if (value === 0 && range.zeroIsInfinity) return infinity
  if (value < range.min) return new Wrong('is too small')
  return value > range.max ? new Wrong('is too large') : value
}

function boundedBy(range: Range, ends: string): string {
  return range.max >= Number.MAX_SAFE_INTEGER ? '' : ` ${ends}`
}

function orWords(wanted: string, range: Range): string {
  if (range.zeroIsInfinity) return `${wanted}, or infinity (also written 0)`
  return range.infinity ? `${wanted}, or infinity` : wanted
}
