import type { Configuration } from '../config/configuration.ts'
import type { StoreDescription } from '../store/transfer/ports.ts'
import { type StoreSurvey, surveyOf } from '../store/transfer/survey.ts'
import { ExitCode } from './exit-code.ts'
import type { SettingFlags } from './settings.ts'
import { onStore, openStore } from './store-open.ts'
import { agoText, countText, sizeText } from './store-text.ts'

/** Says what is in the store, and what it takes: to people, or as JSON. */
export function info(flags: SettingFlags, asJson: boolean): Promise<ExitCode> {
  return onStore(flags, async (configuration) => {
    const store = await openStore(configuration)
    try {
      const description = await store.describe?.()
      const survey = await surveyOf(store)
      const text = asJson ? jsonOf : tableOf
      process.stdout.write(text(configuration, description, survey))
    } finally {
      await store.close()
    }
    return ExitCode.Ok
  })
}

function jsonOf(
  { store }: Configuration,
  description: StoreDescription | undefined,
  survey: StoreSurvey,
): string {
  const { aliveAtWallMs, bytes, format, upgradesFrom, where } = description ?? {}
  const backend = store.backend
  const known = { backend, where, format, upgradesFrom, lastAliveAt: aliveAtWallMs }
  return `${JSON.stringify({ ...known, bytes, ...survey }, null, 2)}\n`
}

function tableOf(
  { store }: Configuration,
  description: StoreDescription | undefined,
  survey: StoreSurvey,
): string {
  const rows = [['backend', store.backend], ...descriptionRows(description), ...surveyRows(survey)]
  const width = Math.max(...rows.map(([name = '']) => name.length))
  return rows.map(([name = '', text]) => `${name.padEnd(width)}  ${text}\n`).join('')
}

function descriptionRows(description: StoreDescription | undefined): string[][] {
  if (description === undefined) return []
  const { aliveAtWallMs, bytes, format, upgradesFrom, where } = description
  const sizes = Object.entries(bytes).map(([what, size]) => `${what} ${sizeText(size)}`)
  const older =
    upgradesFrom.length > 0
      ? `this version upgrades from ${upgradesFrom.join(', ')}`
      : 'the first one, nothing to upgrade from'
  return [
    ['where', where],
    ['format', `${format} (${older})`],
    ...(aliveAtWallMs === undefined ? [] : [['last alive', timeText(aliveAtWallMs)]]),
    ['takes', sizes.join(', ')],
  ]
}

function surveyRows(survey: StoreSurvey): string[][] {
  const { awaitingRel, inflight, queued, retained, sessions, subscriptions, wills } = survey
  const { away, connected, over } = sessions
  return [
    ['sessions', `${connected} connected when the broker ended, ${away} away, ${over} over`],
    ['subscriptions', `${subscriptions}`],
    ['queued', `${countText(queued.messages, 'message')}, ${sizeText(queued.bytes)}`],
    ['in flight', countText(inflight, 'message')],
    ['unfinished receipts', `${awaitingRel} (QoS 2, PUBREL has not come)`],
    ['retained', `${countText(retained.messages, 'message')}, ${sizeText(retained.bytes)}`],
    ['wills pending', `${wills}`],
  ]
}

function timeText(wallMs: number): string {
  return `${new Date(wallMs).toISOString()} (${agoText(Date.now() - wallMs)})`
}
