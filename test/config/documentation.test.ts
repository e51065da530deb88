import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readDocumentation, uncomment } from '../../src/config/documentation.ts'
import { configurationJsonSchema } from '../../src/config/json-schema.ts'
import { knownKeysAt } from '../../src/config/known-keys.ts'
import { defaultConfiguration } from '../../src/config/load.ts'
import { accepted } from './kit.ts'

const documented = readFileSync(new URL('../../config/zone.yaml', import.meta.url), 'utf8')

/** All keys of the schema, with `*` for items of a list and for zones. */
function keysOfSchema(): string[] {
  return knownKeysAt([]).flatMap((section) => {
    if (section === 'zones') return ['zones', 'zones.*', ...under(['zones', 'default'], 'zones.*')]
    if (section === 'store')
      return [section, ...under([section], section), ...under(['store', 'tls'], 'store.tls')]
    if (section !== 'listeners') return [section, ...under([section], section)]
    const tcpOptions = under(['listeners', 0, 'tcp_options'], 'listeners.*.tcp_options')
    const tls = under(['listeners', 0, 'tls'], 'listeners.*.tls')
    return [section, ...under([section, 0], 'listeners.*'), ...tls, ...tcpOptions]
  })
}

function under(path: (string | number)[], name: string): string[] {
  return knownKeysAt(path).map((key) => `${name}.${key}`)
}

test('config/zone.yaml names every key of the schema once, and no other', () => {
  const names = readDocumentation(documented).map((setting) => setting.path.join('.'))
  expect([...names].sort()).toEqual(keysOfSchema().sort())
  expect(new Set(names).size).toBe(names.length)
})

test('config/zone.yaml says a sentence about every key', () => {
  for (const { path, description } of readDocumentation(documented)) {
    expect(`${path.join('.')}: ${description}`).toMatch(/: \S.{12,}[.}]$/)
  }
})

test.each([
  ['as it is', documented],
  ['with every default written out', uncomment(documented)],
])('config/zone.yaml %s is what holds without a file', (_, yaml) => {
  const { node, store, ...rest } = defaultConfiguration()
  expect(accepted(yaml)).toEqual({
    ...rest,
    node: { ...node, dataDir: expect.stringMatching(/\/data$/) },
    store: { ...store, path: expect.stringMatching(/\/data\/store$/) },
  })
})

test('writing the defaults out leaves no setting commented', () => {
  expect(uncomment(documented)).not.toMatch(/^\s*#[a-z]/m)
})

test('config/zone.schema.json is current: else run `npm run schema`', () => {
  const written = readFileSync(new URL('../../config/zone.schema.json', import.meta.url), 'utf8')
  expect(JSON.parse(written)).toEqual(
    JSON.parse(JSON.stringify(configurationJsonSchema(documented))),
  )
})

test('the JSON Schema has a description for every key', () => {
  const text = JSON.stringify(configurationJsonSchema(documented))
  expect(text.match(/"description"/g)).toHaveLength(keysOfSchema().length + 1)
})
