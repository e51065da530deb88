import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'
import { codeOf, importsOf, readSources, type Source } from './sources.ts'

/**
 * The table of docs/ARCHITECTURE.md: a layer imports from itself and from those it names, which
 * all stand to its left. `store`, `cluster`, `auth` and `admin` do not know each other.
 */
const layers: Readonly<Record<string, readonly string[]>> = {
  base: [],
  mqtt: ['base'],
  wire: ['base', 'mqtt'],
  session: ['base', 'mqtt'],
  channel: ['base', 'mqtt', 'session'],
  broker: ['base', 'mqtt', 'session', 'channel'],
  store: leftOf('broker'),
  cluster: leftOf('broker'),
  auth: leftOf('broker'),
  admin: leftOf('broker'),
  listeners: leftOf('broker').concat(
    ['wire', 'store', 'cluster', 'auth', 'admin'],
    ['socket-file'],
  ),
  config: [...leftOf('broker'), 'wire', 'store', 'cluster', 'auth', 'admin', 'listeners'],
  // The machine's clock, timer and chance: what the composition root hands in.
  system: ['base'],
  // A server on a socket in the file system.
  'socket-file': [],
  // The version in package.json.
  version: [],
  // How a running broker is asked for something: protocol, server and client; what it can be asked
  // is handed in.
  control: ['base', 'socket-file'],
  'admin-requests': [...leftOf('broker'), 'admin', 'control'],
  'control-requests': [...leftOf('config'), 'admin-requests', 'control', 'version'],
  // The store that the configuration names.
  'chosen-store': leftOf('config'),
  // A broker that runs: what operators see of it, and what a reload changes.
  running: [...leftOf('config'), 'system', 'version', 'chosen-store'],
  daemon: leftOf('config').concat(
    ['system', 'version', 'chosen-store', 'running'],
    ['control', 'control-requests', 'socket-file'],
  ),
  // The broker inside of a program.
  library: [...leftOf('config'), 'system', 'daemon'],
  index: [...leftOf('config'), 'daemon', 'running', 'library'],
  // A client for tools, and the load generator: beside the broker, of which they import nothing.
  client: ['base', 'mqtt'],
  // A mosquitto.conf made a zone.yaml; it knows nothing of the broker.
  mosquitto: [],
  bench: ['base', 'mqtt', 'client'],
  crashtest: ['base', 'mqtt', 'client'],
  cli: leftOf('config').concat(
    ['system', 'version', 'chosen-store', 'control', 'daemon'],
    ['client', 'bench', 'crashtest', 'mosquitto'],
  ),
}

/** A third-party package has one home, so that what it can do wrong has one place. */
const homes: Readonly<Record<string, readonly string[]>> = {
  'mqtt-packet': ['src/wire/'],
  'aedes-packet': ['src/mqtt/'],
  pino: ['src/base/'],
  'pino-pretty': ['src/base/'],
  ws: ['src/listeners/'],
  yargs: ['src/cli/'],
  'classic-level': ['src/store/embedded/'],
  '@node-rs/argon2': ['src/auth/password/'],
  // Only where the sources run as they are, in tests.
  tsx: ['src/auth/hashing/'],
  bcryptjs: ['src/auth/password/'],
  ioredis: ['src/store/redis/', 'src/cluster/'],
  yaml: ['src/config/'],
  zod: ['src/config/'],
}

/** From `base` to `broker` time, chance and I/O are handed in. */
const pureLayers = ['base', 'mqtt', 'wire', 'session', 'channel', 'broker']
const pureModules = ['node:buffer', 'node:util', 'node:assert', 'node:string_decoder']
const impure: readonly (readonly [string, RegExp])[] = [
  ['Date', /(?<![.\w$#])Date\b/],
  ['timers', /(?<![.\w$#])(?:set|clear)(?:Timeout|Interval|Immediate)\b/],
  ['Math.random', /\bMath\s*\.\s*random\b/],
  ['process', /(?<![.\w$#])process\s*[.[]/],
  ['console', /(?<![.\w$#])console\s*[.[]/],
  ['performance', /(?<![.\w$#])performance\s*[.[]/],
  ['crypto', /(?<![.\w$#])crypto\s*[.[]/],
  ['globalThis', /(?<![.\w$#])globalThis\b/],
]

const sources = readSources('src')

describe('the sources', () => {
  test('are seen: many files, and more than one layer', () => {
    expect(sources.length).toBeGreaterThanOrEqual(30)
    const seen = new Set(sources.map(layerOf))
    expect([...seen]).toEqual(expect.arrayContaining(['base', 'mqtt', 'wire', 'session']))
  })

  test('stand in the layers of the table', () => {
    const strangers = sources.filter((source) => layers[layerOf(source)] === undefined)
    expect(strangers.map((source) => source.path)).toEqual([])
  })

  test('import relatively with the extension, and nothing outside src', () => {
    expect(offences((source, specifier) => explainPath(source, specifier))).toEqual([])
  })

  test('import only from the layers to their left', () => {
    expect(offences((source, specifier) => explainLayer(source, specifier))).toEqual([])
  })

  test('import a third-party package only at its home', () => {
    expect(offences((source, specifier) => explainHome(source, specifier))).toEqual([])
  })

  test('from base to broker import no module of Node that does I/O', () => {
    const pure = (source: Source, specifier: string) =>
      isPure(source) && isNode(specifier) && !pureModules.includes(specifier)
        ? 'time, chance and I/O are handed in'
        : undefined
    expect(offences(pure)).toEqual([])
  })

  test('from base to broker touch no clock, timer, chance, process or console', () => {
    const found = sources.filter(isPure).flatMap((source) => impureUses(source))
    expect(found).toEqual([])
  })
})

describe('the scanner', () => {
  test('sees every form of import', () => {
    const text = `
      import a from './a.ts'
      import { b,
        c } from "./b.ts"
      import type { D } from './d.ts'
      export * from './e.ts'
      import './f.ts'
      const g = await import('./g.ts')
      // import h from './h.ts'
    `
    expect(importsOf(text)).toEqual(['./a.ts', './b.ts', './d.ts', './e.ts', './f.ts', './g.ts'])
  })

  test('sees code and not what is said about it', () => {
    const text = "const a = /'/ // Date\nconst b = 'Date' + `\u0024{Date.now()} process.exit`"
    expect(impureUses({ path: 'src/base/x.ts', text })).toEqual(['src/base/x.ts:2: Date'])
  })

  test('lets a method of that name pass', () => {
    const text = 'packet.process.run(); this.#clock.setTimeout(1)'
    expect(impureUses({ path: 'src/base/x.ts', text })).toEqual([])
  })
})

/** The layers up to one, itself included, in the order of the table. */
function leftOf(layer: 'broker' | 'config'): string[] {
  const upToBroker = ['base', 'mqtt', 'session', 'channel', 'broker']
  if (layer === 'broker') return upToBroker
  return [...upToBroker, 'wire', 'store', 'cluster', 'auth', 'admin', 'listeners', 'config']
}

/** `src/session/inflight.ts` → `session`; `src/daemon.ts` → `daemon`. */
function layerOf(source: { path: string }): string {
  return source.path.split('/')[1]?.replace(/\.ts$/, '') ?? ''
}

function isPure(source: Source): boolean {
  return pureLayers.includes(layerOf(source))
}

function isNode(specifier: string): boolean {
  return specifier.startsWith('node:')
}

function isRelative(specifier: string): boolean {
  return specifier.startsWith('.')
}

/** Every import that a rule has something against, as `file → import: why`. */
function offences(rule: (source: Source, specifier: string) => string | undefined): string[] {
  return sources.flatMap((source) =>
    importsOf(source.text).flatMap((specifier) => {
      const because = rule(source, specifier)
      return because === undefined ? [] : [`${source.path} → ${specifier}: ${because}`]
    }),
  )
}

function resolved(source: Source, specifier: string): string {
  return posix.join(posix.dirname(source.path), specifier)
}

function explainPath(source: Source, specifier: string): string | undefined {
  if (!isRelative(specifier)) return undefined
  const path = resolved(source, specifier)
  if (path.endsWith('.json')) return undefined
  if (!path.startsWith('src/')) return 'outside src'
  return sources.some((other) => other.path === path) ? undefined : 'no such source'
}

function explainLayer(source: Source, specifier: string): string | undefined {
  if (!isRelative(specifier)) return undefined
  const from = layerOf(source)
  const path = resolved(source, specifier)
  if (!path.startsWith('src/')) return undefined
  const to = layerOf({ path })
  if (from === to || layers[from]?.includes(to)) return undefined
  return `${from} may import only ${layers[from]?.join(', ') || 'nothing'}`
}

function explainHome(source: Source, specifier: string): string | undefined {
  if (isRelative(specifier) || isNode(specifier)) return undefined
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  const places = homes[name]
  if (places === undefined) return 'a package without a home: give it one in this test'
  return places.some((place) => source.path.startsWith(place))
    ? undefined
    : `its home is ${places.join(', ')}`
}

function impureUses(source: Source): string[] {
  const lines = codeOf(source.text).split('\n')
  return lines.flatMap((line, index) =>
    impure
      .filter(([, pattern]) => pattern.test(line))
      .map(([name]) => `${source.path}:${index + 1}: ${name}`),
  )
}
