import type { ExpiryAudit } from '../audit/expiry-audit.ts'
import type { Fault, FaultKind, Faults, LostMessage } from '../audit/faults.ts'
import type { RetainedAudit } from '../audit/retained-audit.ts'
import type { Tally } from '../audit/tally.ts'
import type { WillAudit } from '../audit/will-audit.ts'
import { type KillKind, killKinds } from '../kills/kill-kind.ts'
import type { CrashtestOptions } from '../options.ts'
import type { RoundRecord } from '../round.ts'
import { quantile } from './figures.ts'

/** What a run found. */
export interface Report {
  /** `broken`: a promise was. */
  readonly verdict: 'sound' | 'broken'
  readonly seed: number
  readonly store: string
  readonly durationMs: number
  readonly kills: number
  /** Kills that came at their moment, by kind; one whose moment did not come counts as `random`. */
  readonly killsByKind: Readonly<Partial<Record<KillKind, number>>>
  readonly messages: Readonly<Record<MessageFigure, number>>
  /** What was checked besides messages, so that nobody takes nothing checked for nothing found. */
  readonly checks: Readonly<Record<CheckFigure, number>>
  /** Milliseconds from start to listening, and from kill to the first accepted client. */
  readonly startMs: Spread
  readonly servedMs: Spread & { readonly first: number | undefined }
  /** Kills at which some client had something of this kind in the air. */
  readonly killsWithInTheAir: Readonly<Record<string, number>>
  readonly faults: Readonly<Record<FaultKind, number>>
  readonly lost: readonly LostMessage[]
  readonly details: readonly Fault[]
  /** Lines of the broker's log that tell of an error. */
  readonly brokerErrors: readonly string[]
  readonly rounds: readonly RoundRecord[]
}

type MessageFigure =
  | 'published1'
  | 'published2'
  | 'acknowledged1'
  | 'acknowledged2'
  | 'delivered1'
  | 'delivered2'
  | 'resent'
  | 'refused'
  | 'qos1Duplicates'

type CheckFigure = 'retained' | 'wills' | 'willLateMsMax' | 'sessionsKept' | 'sessionsExpired'

export interface Spread {
  readonly median: number | undefined
  readonly p99: number | undefined
  readonly max: number | undefined
}

export interface ReportParts {
  readonly options: CrashtestOptions
  readonly durationMs: number
  readonly rounds: readonly RoundRecord[]
  readonly tally: Tally
  readonly faults: Faults
  readonly wills: WillAudit
  readonly expiry: ExpiryAudit
  readonly retained: RetainedAudit
}

export function makeReport(parts: ReportParts): Report {
  const { durationMs, faults, options, rounds, tally } = parts
  const served = definedOf(rounds.map(({ servedMs }) => servedMs))
  const killed = rounds.filter(({ ended }) => ended !== 'end' && ended !== 'itself')
  return {
    verdict: faults.total === 0 ? 'sound' : 'broken',
    seed: options.seed,
    store: options.store,
    durationMs: Math.round(durationMs),
    kills: killed.length,
    killsByKind: countKinds(killed),
    messages: messagesOf(tally),
    checks: checksOf(parts),
    startMs: spreadOf(definedOf(rounds.map(({ startMs }) => startMs))),
    servedMs: { first: served[0] && Math.round(served[0]), ...spreadOf(served) },
    killsWithInTheAir: inTheAir(killed),
    faults: faults.counts,
    lost: faults.lost,
    details: faults.list,
    brokerErrors: rounds.flatMap(({ errors }) => errors),
    rounds,
  }
}

function countKinds(killed: readonly RoundRecord[]): Partial<Record<KillKind, number>> {
  const counts: Partial<Record<KillKind, number>> = {}
  for (const kind of Object.keys(killKinds) as KillKind[]) {
    const count = killed.filter(({ ended }) => ended === kind).length
    if (count > 0) counts[kind] = count
  }
  return counts
}

function messagesOf(tally: Tally): Report['messages'] {
  const { acknowledgements, deliveries, published, qos1Duplicates, refused, resent } = tally
  return {
    published1: published[0],
    published2: published[1],
    acknowledged1: acknowledgements[0],
    acknowledged2: acknowledgements[1],
    delivered1: deliveries[0],
    delivered2: deliveries[1],
    resent,
    refused,
    qos1Duplicates,
  }
}

function checksOf({ expiry, retained, wills }: ReportParts): Report['checks'] {
  return {
    retained: retained.checked,
    wills: wills.come,
    willLateMsMax: Math.round(wills.lateMsMax),
    sessionsKept: expiry.kept,
    sessionsExpired: expiry.expired,
  }
}

function inTheAir(killed: readonly RoundRecord[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { inTheAir: census } of killed) {
    for (const [name, count] of Object.entries(census ?? {})) {
      counts[name] = (counts[name] ?? 0) + (count > 0 ? 1 : 0)
    }
  }
  return counts
}

function spreadOf(numbers: readonly number[]): Spread {
  if (numbers.length === 0) return { median: undefined, p99: undefined, max: undefined }
  const at = (share: number): number => Math.round(quantile(numbers, share))
  return { median: at(0.5), p99: at(0.99), max: at(1) }
}

function definedOf(numbers: readonly (number | undefined)[]): number[] {
  return numbers.filter((number) => number !== undefined)
}
