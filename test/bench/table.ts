import type { Run } from './driver.ts'

/** One figure of a scenario's table. */
export interface Column {
  readonly figure: string
  readonly title: string
}

const gone = '–'

/** The median; undefined of nothing. */
export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length / 2
  if (sorted.length === 0) return undefined
  return ((sorted[Math.ceil(half) - 1] as number) + (sorted[Math.floor(half)] as number)) / 2
}

/** Medians by broker, a row each; with two brokers a row of B / A. */
export function tableOf(
  columns: readonly Column[],
  brokers: readonly string[],
  runs: readonly Run[],
): string {
  const rows = brokers.map((broker) => {
    const own = runs.filter((run) => run.broker === broker)
    const cells = columns.map(({ figure }) => readable(medianOf(own, figure)))
    return [broker, ...cells, String(own.length), own.map(marksOf).join('')]
  })
  if (brokers.length === 2) rows.push(ratioRow(columns, brokers, runs))
  const titles = ['', ...columns.map(({ title }) => title), 'runs', 'marks']
  const widths = titles.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)),
  )
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
  return [titles, ...rows].map(line).join('\n')
}

/** The same as one line of JSON. */
export function jsonOf(scenario: string, brokers: readonly string[], runs: readonly Run[]): string {
  const medians = brokers.map((broker) => {
    const own = runs.filter((run) => run.broker === broker)
    const figures = [...new Set(own.flatMap((run) => Object.keys(run.report?.figures ?? {})))]
    const entries = figures.map((figure) => [figure, medianOf(own, figure)] as const)
    const marks = own.map(marksOf).join('')
    const faults = own.map((run) => run.report?.faults ?? {})
    const storesClosed = own.map((run) => run.storeClosed).filter((closed) => closed !== undefined)
    return {
      broker,
      runs: own.length,
      marks,
      figures: Object.fromEntries(entries),
      faults,
      storesClosed,
    }
  })
  return JSON.stringify({ scenario, medians })
}

/** One run in a line. */
export function lineOf(columns: readonly Column[], run: Run): string {
  const cells = columns.map(
    ({ figure, title }) => `${title} ${readable(run.report?.figures[figure])}`,
  )
  const end = [marksOf(run), run.error ?? run.report?.firstLoss ?? ''].join(' ').trim()
  return `${run.broker.padEnd(10)} ${cells.join('  ')}  ${end}`
}

/**
 * `!` an error, `L` messages or sessions lost, doubled or alien, `R` out of order, `G` the generator
 * may have been the limit, `~` others disturbed the run.
 */
export function marksOf({ report, error, isDisturbed }: Run): string {
  const { outOfOrder = 0, ...faults } = report?.faults ?? {}
  const isFaulty = Object.values(faults).some((count) => count > 0)
  return [
    error === undefined ? '' : '!',
    isFaulty ? 'L' : '',
    outOfOrder > 0 ? 'R' : '',
    report?.isGeneratorBound ? 'G' : '',
    isDisturbed ? '~' : '',
  ].join('')
}

function ratioRow(
  columns: readonly Column[],
  brokers: readonly string[],
  runs: readonly Run[],
): string[] {
  const [a, b] = brokers.map((broker) => runs.filter((run) => run.broker === broker))
  const cells = columns.map(({ figure }) => {
    const below = medianOf(a ?? [], figure)
    const above = medianOf(b ?? [], figure)
    const ratio = (above ?? Number.NaN) / (below ?? Number.NaN)
    return Number.isFinite(ratio) ? ratio.toFixed(2) : gone
  })
  return [`${brokers[1]} / ${brokers[0]}`, ...cells, '', '']
}

/** Over the runs that nobody disturbed, or over all when there are none. */
function medianOf(runs: readonly Run[], figure: string): number | undefined {
  const calm = runs.filter((run) => !run.isDisturbed && run.error === undefined)
  const values = (calm.length > 0 ? calm : runs).map((run) => run.report?.figures[figure])
  return median(values.filter((value) => value !== undefined))
}

function readable(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return gone
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en')
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2)
}
