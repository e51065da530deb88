import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import { loadConfiguration } from '../../src/config/load.ts'
import { readText, root, trackedFiles } from './sources.ts'

const dockerfile = readText('Dockerfile')
const tracked = trackedFiles()

/** The lines of one instruction, continuations joined. */
function instructions(word: string): string[] {
  const joined = dockerfile.replace(/\\\n\s*/g, '')
  return [...joined.matchAll(new RegExp(`^${word} (.*)$`, 'gm'))].map((match) => match[1] ?? '')
}

test('the image runs as a number that is not root, and stops at SIGTERM', () => {
  expect(instructions('USER').at(-1)).toMatch(/^[1-9]\d*:[1-9]\d*$/)
  expect(instructions('STOPSIGNAL')).toEqual(['SIGTERM'])
  // Not through a shell, which would keep the signal to itself.
  expect(JSON.parse(instructions('ENTRYPOINT')[0] ?? '')[0]).toBe('node')
  expect(instructions('HEALTHCHECK')[0]).toContain('"healthcheck"')
})

test('the data of the image is in the volume that its configuration names', () => {
  const environment = { MQTT_BROKER__AUTH__ALLOW_ANONYMOUS: 'true' }
  const loaded = loadConfiguration(`${root}/contrib/image/zone.yaml`, environment, [])
  expect(loaded).toHaveProperty('configuration')
  if (!('configuration' in loaded)) return
  expect(instructions('VOLUME')).toEqual([loaded.configuration.node.dataDir])
  const ports = loaded.configuration.listeners.map(({ port }) => String(port))
  expect(instructions('EXPOSE')[0]?.split(' ')).toEqual(ports)
})

test('in the image somebody has to say who may connect', () => {
  const loaded = loadConfiguration(`${root}/contrib/image/zone.yaml`, {}, [])
  expect(loaded).toHaveProperty('problems')
})

test('everything that the image copies is here and let through by .dockerignore', () => {
  const allowed: string[] = readText('.dockerignore').match(/(?<=^!).*$/gm) ?? []
  const copied = instructions('COPY')
    .filter((words) => !words.startsWith('--from'))
    .flatMap((words) => words.split(' ').slice(0, -1))
  expect(copied.length).toBeGreaterThan(5)
  const missing = copied.filter((source) => {
    const isHere = tracked.some((path) => path === source || path.startsWith(`${source}/`))
    const isLetIn = [source, dirname(source), source.split('/')[0]].some((path) =>
      allowed.includes(path ?? ''),
    )
    return !isHere || !isLetIn
  })
  expect(missing).toEqual([])
})

test('the unit, the image and compose.yaml wait longer for the end than the broker does', () => {
  const stopS = (file: string, pattern: RegExp) => Number(pattern.exec(readText(file))?.[1])
  expect(stopS('compose.yaml', /stop_grace_period: (\d+)s/)).toBeGreaterThan(10)
  expect(stopS('contrib/mqtt-broker.service', /TimeoutStopSec=(\d+)s/)).toBeGreaterThan(10)
})
