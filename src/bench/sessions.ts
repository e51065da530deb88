import { ToolClient } from '../client/tool-client.ts'
import { brokerCpuEach, coresBetween } from './meter.ts'
import { makeReport, type Report } from './report.ts'
import { Stage } from './stage.ts'
import { connectOptions, type Target } from './target.ts'
import { atMost } from './waiting.ts'

/** Many lasting sessions with one subscription each are opened and left, or found again. */
export interface SessionsOptions extends Target {
  readonly sessions: number
  /** `find` connects to sessions that an earlier run opened under the same `idPrefix`. */
  readonly phase: 'open' | 'find'
  /** Connections at a time; each is an open file. */
  readonly connectionsMax: number
}

const megabyte = 1024 * 1024

/** Rejects: ServerError when the broker does not accept its clients. */
export async function runSessions(options: SessionsOptions): Promise<Report> {
  const { sessions, connectionsMax } = options
  const stage = new Stage(options)
  const { meter, tally } = stage
  try {
    const rssStartMb = meter.takeRss().now
    const from = meter.mark()
    await atMost(connectionsMax, sessions, (i) => visit(stage, options, i))
    const to = meter.mark()
    const rss = meter.takeRss()
    const figures = {
      sessionsPerSecond: (sessions * 1000) / (to.atMs - from.atMs),
      ...brokerCpuEach('brokerCpuUs', from, to, sessions),
      ...coresBetween(from, to),
      rssStartMb,
      rssPeakMb: rss.peak,
      rssEndMb: rss.now,
      rssPerSessionBytes: ((rss.now - rssStartMb) * megabyte) / sessions,
      sessions,
    }
    return makeReport('sessions', tally, 0, figures)
  } finally {
    stage.close()
  }
}

/** One session: there and away again. */
async function visit(stage: Stage, options: SessionsOptions, index: number): Promise<void> {
  const isNew = options.phase === 'open'
  const client = new ToolClient(stage.turn)
  const says = connectOptions(options, `s${index}`, 'lasting')
  const connack = await client.connect(options, says)
  if (connack.sessionPresent === isNew) stage.tally.lostSessions++
  if (isNew) await client.subscribe([{ filter: `bench/${index}/x`, qos: 1 }])
  await client.disconnect()
}
