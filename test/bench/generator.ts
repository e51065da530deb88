// The load generator as a process of its own: takes `{ scenario, options }` as JSON, prints the
// report as one line of JSON. `driver.ts` starts it, for each run a new one.
import { type OfflineOptions, runOffline } from '../../src/bench/offline.ts'
import { type PairsOptions, runPairs } from '../../src/bench/pairs.ts'
import type { Report } from '../../src/bench/report.ts'
import { runSessions, type SessionsOptions } from '../../src/bench/sessions.ts'
import { runSteady, type SteadyOptions } from '../../src/bench/steady.ts'

/** A scenario by its name, with what it needs. */
export type Load =
  | { readonly scenario: 'pairs'; readonly options: PairsOptions }
  | { readonly scenario: 'steady'; readonly options: SteadyOptions }
  | { readonly scenario: 'offline'; readonly options: OfflineOptions }
  | { readonly scenario: 'sessions'; readonly options: SessionsOptions }

const words = process.argv[2]
if (words !== undefined) console.log(JSON.stringify(await run(JSON.parse(words) as Load)))

function run(load: Load): Promise<Report> {
  switch (load.scenario) {
    case 'pairs':
      return runPairs(load.options)
    case 'steady':
      return runSteady(load.options)
    case 'offline':
      return runOffline(load.options)
    case 'sessions':
      return runSessions(load.options)
  }
}
