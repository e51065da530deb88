import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { isJsonObject } from '../../base/json-object.ts'
import { ExportDamaged } from './errors.ts'
import { Fields, WrongField } from './fields.ts'
import { countNames, countOf, type ExportCounts, exportFormat, noCounts } from './format.ts'
import type { ExportHandler, ReadParts } from './read-export.ts'
import { LineReader, readHeader } from './read-lines.ts'
import { SessionChecks } from './session-checks.ts'

/** What lines may be before the next one. */
type Place = 'start' | 'top' | 'session' | 'lane' | 'end'

/** Behind what each line may stand, and where it leads to. */
const places: Readonly<Record<string, { behind: readonly Place[]; leadsTo: Place }>> = {
  header: { behind: ['start'], leadsTo: 'top' },
  session: { behind: ['top', 'session', 'lane'], leadsTo: 'session' },
  subscription: { behind: ['session'], leadsTo: 'session' },
  slot: { behind: ['session'], leadsTo: 'session' },
  awaitingRel: { behind: ['session'], leadsTo: 'session' },
  lane: { behind: ['session', 'lane'], leadsTo: 'lane' },
  queued: { behind: ['lane'], leadsTo: 'lane' },
  retained: { behind: ['top', 'session', 'lane'], leadsTo: 'top' },
  trailer: { behind: ['top', 'session', 'lane'], leadsTo: 'end' },
}

/** Reads an export line by line, and tells what stands there. */
export class ExportReader {
  readonly #parts: ReadParts
  readonly #to: ExportHandler
  readonly #counts = noCounts()
  readonly #hash = createHash('sha256')
  readonly #generations = new Set<number>()
  #place: Place = 'start'
  #lineNumber = 0
  #lines!: LineReader
  #checks!: SessionChecks

  constructor(parts: ReadParts, to: ExportHandler) {
    this.#parts = parts
    this.#to = to
  }

  /** Throws: ExportDamaged. */
  take(line: Buffer): void {
    this.#lineNumber++
    try {
      const fields = this.#parse(line)
      const type = fields.choice('type', Object.keys(places))
      this.#goOn(type)
      this.#read(type, fields)
      fields.finish()
      const name = countOf[type]
      if (name !== undefined) this.#counts[name]++
      if (type !== 'trailer') this.#hash.update(line).update('\n')
    } catch (error) {
      if (!(error instanceof WrongField)) throw error
      throw new ExportDamaged(`${this.#where}: ${error.message}`)
    }
  }

  /** Throws: ExportDamaged. */
  refuseLine(because: string): never {
    throw new ExportDamaged(`${this.#parts.name}:${this.#lineNumber + 1}: ${because}`)
  }

  /** Nothing comes any more. Throws: ExportDamaged. */
  finish(): ExportCounts {
    if (this.#place === 'end') return this.#counts
    const { name } = this.#parts
    const what = this.#lineNumber === 0 ? 'is empty' : `ends behind line ${this.#lineNumber}`
    throw new ExportDamaged(`${name}: ${what}, without a trailer; wanted: the whole export`)
  }

  get #where(): string {
    return `${this.#parts.name}:${this.#lineNumber}`
  }

  #parse(line: Buffer): Fields {
    const isFirst = this.#place === 'start'
    const wanted = isFirst ? 'an export of this broker' : 'a line as it was exported'
    if (!isUtf8(line)) throw new WrongField('line', 'is not UTF-8', wanted)
    let value: unknown
    try {
      value = JSON.parse(line.toString())
    } catch {
      throw new WrongField('line', 'is not JSON', wanted)
    }
    if (!isJsonObject(value)) throw new WrongField('line', 'is no object', wanted)
    return new Fields('', value)
  }

  #goOn(type: string): void {
    const place = places[type]
    if (place?.behind.includes(this.#place) !== true) {
      const what = this.#place === 'start' ? 'is not the first line' : 'stands in the wrong place'
      throw new WrongField('type', `${type} ${what}`, 'the lines in the order of the export')
    }
    this.#place = place.leadsTo
  }

  #read(type: string, fields: Fields): void {
    switch (type) {
      case 'header':
        return this.#header(fields)
      case 'session':
        return this.#session(fields)
      case 'lane':
      case 'queued':
        return this.#queue(type, fields)
      case 'retained':
        return this.#to.retained(this.#lines.retained(fields))
      case 'trailer':
        return this.#trailer(fields)
      default:
        return this.#content(type, fields)
    }
  }

  #header(fields: Fields): void {
    const format = fields.whole('format', 1, Number.MAX_SAFE_INTEGER)
    if (format > exportFormat) {
      const advice = `formats up to ${exportFormat}; import it with the version that wrote it`
      throw fields.wrong('format', `is ${format}, from a newer version`, advice)
    }
    const { makeMessage, timeOf } = this.#parts
    this.#lines = new LineReader(timeOf(readHeader(fields)), makeMessage)
  }

  #session(fields: Fields): void {
    const line = this.#lines.session(fields)
    const { generation } = line.key
    if (this.#generations.has(generation)) {
      throw fields.wrong('generation', `is ${generation}, as it was before`, 'each of them once')
    }
    this.#generations.add(generation)
    this.#checks = new SessionChecks(line)
    this.#to.session(line)
  }

  #content(type: string, fields: Fields): void {
    if (type === 'subscription') {
      const { filter, options } = this.#lines.subscription(fields)
      this.#checks.subscription(fields, filter)
      return this.#to.subscription(filter, options)
    }
    if (type === 'slot') {
      const slot = this.#lines.slot(fields)
      this.#checks.slot(fields, slot.packetId, slot.order)
      return this.#to.slot(slot)
    }
    const { packetId, receivedAt } = this.#lines.awaitingRel(fields)
    this.#checks.awaitingRel(fields, packetId)
    this.#to.awaitingRel(packetId, receivedAt)
  }

  #queue(type: 'lane' | 'queued', fields: Fields): void {
    if (type === 'lane') {
      const lane = this.#lines.lane(fields)
      this.#checks.lane(fields, lane)
      return this.#to.lane(lane)
    }
    const entry = this.#lines.queued(fields)
    this.#checks.queued(fields, entry.sequence)
    this.#to.queued(entry)
  }

  #trailer(fields: Fields): void {
    for (const name of countNames) {
      const count = fields.whole(name, 0, Number.MAX_SAFE_INTEGER)
      const read = this.#counts[name]
      if (count !== read) throw fields.wrong(name, `is ${count}, and ${read} came`, 'as many')
    }
    const checksum = fields.text('sha256', 64)
    if (checksum === this.#hash.digest('hex')) return
    throw fields.wrong('sha256', 'is not that of the lines above', 'lines as they were exported')
  }
}
