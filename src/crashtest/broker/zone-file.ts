import { join } from 'node:path'

/** A mapping of a configuration. */
export type Settings = Readonly<Record<string, unknown>>

/**
 * The configuration of one life, as JSON, which is YAML: nothing is to be dropped, and what `extra`
 * says goes before what we say, but for the log, which we read.
 */
export function zoneFile(
  folder: string,
  store: string,
  commitIntervalMs: number,
  extra: Settings,
): string {
  const ours = {
    node: { name: 'crashtest', data_dir: join(folder, 'data') },
    listeners: [{ name: 'tcp', type: 'tcp', bind: '127.0.0.1:0' }],
    zones: { default: { max_mqueue_len: 'infinity', max_mqueue_bytes: 'infinity' } },
    limits: { max_queued_bytes: 'infinity' },
    store: { backend: store, commit_interval: `${commitIntervalMs}ms` },
  }
  const log = { level: 'info', format: 'json' }
  return JSON.stringify({ ...merge(ours, extra), log }, null, 2)
}

/** What both say, mapping by mapping; where they differ, what the second says. */
function merge(first: Settings, second: Settings): Settings {
  const merged: Record<string, unknown> = { ...first }
  for (const [key, value] of Object.entries(second)) {
    const before = merged[key]
    merged[key] = isSettings(before) && isSettings(value) ? merge(before, value) : value
  }
  return merged
}

function isSettings(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
