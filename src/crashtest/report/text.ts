import { type FaultKind, faultKinds } from '../audit/faults.ts'
import { type KillKind, killKinds } from '../kills/kill-kind.ts'
import type { Report, Spread } from './report.ts'

/** Faults of each kind that are printed with their words; the JSON report has more. */
const printedMax = 5
/** Characters of the first column. */
const nameWidth = 14

/** The report for people. */
export function reportText(report: Report): string {
  const { durationMs, kills, seed, store } = report
  const seconds = Math.round(durationMs / 1000)
  return [
    `crashtest: ${kills} kills in ${seconds} s, ${store} store, seed ${seed}`,
    '',
    ...messageLines(report),
    ...killLines(report),
    ...recoveryLines(report),
    '',
    ...faultLines(report),
    ...brokerLines(report),
    verdictLine(report),
    '',
  ].join('\n')
}

function messageLines({ messages, checks }: Report): string[] {
  const { acknowledged1, acknowledged2, delivered1, delivered2, published1, published2 } = messages
  const { resent, refused, qos1Duplicates } = messages
  return [
    line(
      'QoS 1',
      `${published1} published, ${acknowledged1} acknowledged, ${delivered1} delivered`,
    ),
    line(
      'QoS 2',
      `${published2} published, ${acknowledged2} acknowledged, ${delivered2} delivered`,
    ),
    line(
      'again',
      `${resent} sent again by publishers, ${qos1Duplicates} QoS 1 duplicates, allowed`,
    ),
    ...(refused > 0 ? [line('refused', `${refused} publishes`)] : []),
    line(
      'others',
      `${checks.retained} looks at retained topics; ${checks.wills} wills in time, the latest ` +
        `${checks.willLateMsMax} ms late; ${checks.sessionsKept} short sessions kept, ` +
        `${checks.sessionsExpired} expired`,
    ),
  ]
}

function killLines({ killsByKind, killsWithInTheAir }: Report): string[] {
  const air = killsWithInTheAir
  const kinds = (Object.keys(killKinds) as KillKind[]).filter((kind) => killsByKind[kind])
  const wide = Math.max(0, ...kinds.map((kind) => kind.length))
  return [
    '',
    ...kinds.map((kind, i) => {
      const count = String(killsByKind[kind]).padStart(4)
      return line(i === 0 ? 'kills' : '', `${count}  ${kind.padEnd(wide)}  ${killKinds[kind]}`)
    }),
    '',
    line(
      'in the air',
      `QoS 1 PUBLISH at ${air.qos1 ?? 0} kills, QoS 2 PUBLISH at ${air.qos2 ?? 0}, PUBREL unsent at ` +
        `${air.unreleased ?? 0}, PUBREL sent at ${air.released ?? 0}, PUBREL awaited at ` +
        `${air.received ?? 0}, SUBSCRIBE at ${air.requests ?? 0}, clean start at ${air.cleanStarts ?? 0}`,
    ),
  ]
}

function recoveryLines({ servedMs, startMs }: Report): string[] {
  return [
    line('recovery', `start to listening: ${spread(startMs)}`),
    line('', `kill to the first accepted client: ${spread(servedMs)}; first ${ms(servedMs.first)}`),
  ]
}

function spread({ max, median, p99 }: Spread): string {
  return `median ${ms(median)}, p99 ${ms(p99)}, max ${ms(max)}`
}

function faultLines({ details, faults }: Report): string[] {
  const shown = (Object.keys(faultKinds) as FaultKind[]).filter(
    (kind) => kind === 'lost' || kind === 'doubled' || faults[kind] > 0,
  )
  const counts = shown.map((kind) => line(kind, `${faults[kind]} ${faultKinds[kind]}`))
  return [...counts, ...shown.flatMap((kind) => wordsOf(kind, faults[kind], details))]
}

/** The first faults of a kind. */
function wordsOf(kind: FaultKind, count: number, details: Report['details']): string[] {
  const words = details.filter((fault) => fault.kind === kind).slice(0, printedMax)
  const left = count - words.length
  return [
    ...words.map(({ text }) => `  ${kind}: ${text}`),
    ...(left > 0 ? [`  ${kind}: … and ${left} more, see --report`] : []),
  ]
}

function brokerLines({ brokerErrors }: Report): string[] {
  if (brokerErrors.length === 0) return []
  return [
    line('errors', `${brokerErrors.length} in the broker's log; the first one:`),
    `  ${brokerErrors[0]}`,
  ]
}

function verdictLine({ faults, verdict }: Report): string {
  if (verdict === 'sound') return line('verdict', 'nothing was lost, nothing was doubled')
  const total = Object.values(faults).reduce((sum, count) => sum + count, 0)
  return line('verdict', `BROKEN, ${total} faults`)
}

function line(name: string, text: string): string {
  return `${name.padEnd(nameWidth)}${text}`
}

function ms(value: number | undefined): string {
  return value === undefined ? 'none' : `${value} ms`
}
