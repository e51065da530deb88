import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/**
 * For the environment of a broker that has no configuration: a data directory of its own, which goes
 * with the test, and a free port. The defaults are those of somebody else's broker.
 */
export function ownDefaults(): Readonly<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-broker-data-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return {
    MQTT_BROKER__NODE__DATA_DIR: folder,
    MQTT_BROKER__LISTENERS__TCP__BIND: '127.0.0.1:0',
  }
}
