import type { Tally } from './tally.ts'

/** Numbers by name; the unit is the name's last word. */
export type Figures = Readonly<Record<string, number>>

/** What one run found. */
export interface Report {
  readonly scenario: string
  readonly figures: Figures
  /** What should not be; all of them 0 in a sound run. */
  readonly faults: Figures
  readonly firstLoss?: string | undefined
  /** Whether this process may have been the limit: it used more than 0.9 of a core. */
  readonly isGeneratorBound: boolean
}

/** Cores above which the figures may be the generator's rather than the broker's. */
const ownCoresMax = 0.9

/** `lost` are messages that should have come and did not. */
export function makeReport(scenario: string, tally: Tally, lost: number, figures: Figures): Report {
  const { doubled, outOfOrder, refused, alien, lostConnections, lostSessions, firstLoss } = tally
  return {
    scenario,
    figures,
    faults: { lost, doubled, outOfOrder, refused, alien, lostConnections, lostSessions },
    ...(firstLoss !== undefined && { firstLoss }),
    isGeneratorBound: Object.entries(figures).some(
      ([name, value]) => /ownCores$/i.test(name) && value > ownCoresMax,
    ),
  }
}
