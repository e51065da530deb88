import { expect, test } from 'vitest'
import { zoneFile } from '../../src/crashtest/broker/zone-file.ts'

test('what is asked for goes before what we say, setting by setting', () => {
  const extra = {
    zones: { default: { durability: 'none' }, other: {} },
    store: { async_interval: '9s', commit_interval: '7ms' },
  }
  const zone = JSON.parse(zoneFile('/folder', 'embedded', 20, extra))
  expect(zone.zones.default).toEqual({
    max_mqueue_len: 'infinity',
    max_mqueue_bytes: 'infinity',
    durability: 'none',
  })
  expect(zone.zones.other).toEqual({})
  expect(zone.store).toEqual({
    backend: 'embedded',
    commit_interval: '7ms',
    async_interval: '9s',
  })
})

test('nothing may be dropped, and the log stays readable for us', () => {
  const extra = { log: { level: 'error' }, listeners: [{ name: 'x' }] }
  const zone = JSON.parse(zoneFile('/folder', 'memory', 1, extra))
  expect(zone.log).toEqual({ level: 'info', format: 'json' })
  expect(zone.limits).toEqual({ max_queued_bytes: 'infinity' })
  expect(zone.listeners).toEqual([{ name: 'x' }])
  expect(zone.node.data_dir).toBe('/folder/data')
})
