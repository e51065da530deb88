/*
 * An export is text, a JSON object a line (docs/store.md has it field by field):
 *
 *     header
 *     session, then all of it: subscription…, slot…, awaitingRel…, and lane, queued…; …
 *     retained …
 *     trailer
 *
 * What the names of the fields do not say: times are ms since 1970, bytes are base64, and a field
 * that may be missing is missing where there is nothing to say.
 */

/**
 * The version of the format. A change of it says here what of earlier ones is still read.
 *
 * 1: the first one.
 */
export const exportFormat = 1

/** Bytes of one line: the largest packet of MQTT in base64, and what may stand around it. */
export const lineBytesMax = Math.ceil(268_435_455 / 3) * 4 + 4 * 1024 * 1024

/** Of numbers that go on counting when they are back in a broker: there must be room above. */
export const countMax = 2 ** 48
/** Times are those of a calendar: the years up to 9999, and as long before 1970. */
export const timeMax = 253_402_300_799_999

/** What is counted on the way, as it stands in the trailer. */
export const countNames = [
  'sessions',
  'subscriptions',
  'slots',
  'awaitingRel',
  'lanes',
  'queued',
  'retained',
] as const
export type CountName = (typeof countNames)[number]
export type ExportCounts = Record<CountName, number>

/** What is counted under which name, by the type of the line. */
export const countOf: Readonly<Record<string, CountName>> = {
  session: 'sessions',
  subscription: 'subscriptions',
  slot: 'slots',
  awaitingRel: 'awaitingRel',
  lane: 'lanes',
  queued: 'queued',
  retained: 'retained',
}

export function noCounts(): ExportCounts {
  const zeros = countNames.map((name) => [name, 0])
  return Object.fromEntries(zeros) as ExportCounts
}

/** What an export says of itself. */
export interface ExportHeader {
  /** Version of the broker that wrote it. */
  readonly broker: string
  readonly exportedAtWallMs: number
  readonly backend: string
}

/** Translates times between a store that is open and an export of it. */
export class ExportTime {
  /** What to add to the store's ms to get those of the calendar. */
  readonly #offset: number

  constructor(offset: number) {
    this.#offset = offset
  }

  toWall(at: number): number {
    return Math.round(at + this.#offset)
  }

  fromWall(wallMs: number): number {
    return wallMs - this.#offset
  }
}
