// What routing costs: `npx tsx --expose-gc test/bench/router.bench.ts` prints ns a match, cached
// and not, subscriptions a second, what a change costs a full cache, and bytes a subscription.

import { SeededRandom } from '../../src/base/random.ts'
import { RetainedStore } from '../../src/broker/retained.ts'
import { defaultRouterOptions, Router } from '../../src/broker/router.ts'
import { SharedGroup } from '../../src/broker/shared-group.ts'
import { messageOf, TestSubscriber, wanting } from '../broker/routing.ts'

const gc = (globalThis as { gc?: () => void }).gc
const options = wanting({ qos: 1 })

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** ns per call of `work`, the best of five rounds of `count`. */
function nsEach(count: number, work: (i: number) => void): number {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 5; round++) {
    const start = process.hrtime.bigint()
    for (let i = 0; i < count; i++) work(i)
    best = Math.min(best, Number(process.hrtime.bigint() - start) / count)
  }
  return best
}

/** Bytes that `build` leaves behind: heap and buffers (exact), and resident. */
function grown(build: () => void): { kept: number; resident: number } {
  for (let i = 0; i < 3; i++) gc?.()
  const before = process.memoryUsage()
  build()
  for (let i = 0; i < 3; i++) gc?.()
  const after = process.memoryUsage()
  return {
    kept: after.heapUsed + after.external - before.heapUsed - before.external,
    resident: after.rss - before.rss,
  }
}

const filterShapes: Record<string, (i: number) => string> = {
  exact: (i) => `fleet/${i % 97}/device/${i}/command`,
  '80 % exact': (i) => `fleet/${i % 97}/device/${i}/${i % 5 === 0 ? '+' : 'command'}`,
  wildcard: (i) => `fleet/${i % 97}/device/${i}/#`,
}

/** The text as a decoder makes it: flat, not a rope that the first look-up flattens. */
function flat(text: string): string {
  return Buffer.from(text).toString()
}

function benchRouter(shape: string, count: number): void {
  const filterOf = filterShapes[shape] as (i: number) => string
  const filters = Array.from({ length: count }, (_, i) => flat(filterOf(i)))
  const clients = Array.from({ length: count }, (_, i) => new TestSubscriber(`client-${i}`))
  const router = new Router<TestSubscriber>()
  const cold = new Router<TestSubscriber>({ ...defaultRouterOptions, cachedTopicsMax: 0 })
  let perSecond = 0
  const { kept, resident } = grown(() => {
    const start = process.hrtime.bigint()
    for (let i = 0; i < count; i++) {
      router.subscribe(clients[i] as TestSubscriber, filters[i] as string, options)
    }
    perSecond = count / (Number(process.hrtime.bigint() - start) / 1e9)
  })
  for (let i = 0; i < count; i++) {
    cold.subscribe(clients[i] as TestSubscriber, filters[i] as string, options)
  }
  const topics = Array.from({ length: Math.min(count, 10_000) }, (_, i) => {
    const device = (i * 7919) % count
    return flat(`fleet/${device % 97}/device/${device}/command`)
  })
  const uncached = nsEach(topics.length, (i) => cold.match(topics[i] as string))
  const cached = nsEach(1_000_000, (i) => router.match(topics[i % topics.length] as string))
  const few = nsEach(1_000_000, (i) => router.match(topics[i % 100] as string))
  print(
    `${shape.padEnd(10)} ${String(count).padStart(8)} subscriptions: cached ${few.toFixed(0)} ns ` +
      `(100 topics) ${cached.toFixed(0)} ns (${topics.length}), uncached ${uncached.toFixed(0)} ns, ` +
      `${(perSecond / 1000).toFixed(0)} k subscribe/s, ` +
      (count < 10_000
        ? 'too few to weigh'
        : `${(kept / count).toFixed(0)} bytes each (${(resident / count).toFixed(0)} resident)`),
  )
}

function benchChanges(): void {
  const router = new Router<TestSubscriber>()
  const client = new TestSubscriber('client')
  for (let i = 0; i < 100_000; i++) router.match(`fleet/${i % 97}/device/${i}/state`)
  const change = nsEach(20_000, (i) => {
    router.subscribe(client, `fleet/${i % 97}/device/${i}/#`, options)
    router.match(`fleet/${i % 97}/device/${i}/state`)
    router.unsubscribe(client, `fleet/${i % 97}/device/${i}/#`)
    router.match(`fleet/${i % 97}/device/${i}/state`)
  })
  print(
    `two changes and two matches, ${router.cachedTopicCount} topics cached: ${change.toFixed(0)} ns`,
  )
  let fresh = 0
  const evicting = nsEach(100_000, () => router.match(`other/${fresh % 100}/${fresh++}`))
  print(`a topic never seen before, cache full: ${evicting.toFixed(0)} ns`)
  for (let i = 0; i < 100_000; i++) router.match(`fleet/${i % 97}/device/${i}/state`)
  const start = process.hrtime.bigint()
  router.subscribe(client, '#', options)
  print(`subscribing to # empties it in ${Number(process.hrtime.bigint() - start) / 1e6} ms`)
}

function benchFanOut(): void {
  const router = new Router<TestSubscriber>({ ...defaultRouterOptions, cachedTopicsMax: 0 })
  for (let i = 0; i < 10_000; i++) router.subscribe(new TestSubscriber(`c${i}`), 'fan', options)
  const alone = nsEach(20, () => router.match('fan'))
  router.subscribe(new TestSubscriber('all'), '#', options)
  const overlap = nsEach(20, () => router.match('fan'))
  print(
    `matching 10,000 subscribers anew: ${(alone / 1e3).toFixed(0)} µs, and #: ${(overlap / 1e3).toFixed(0)} µs`,
  )
}

function benchGroup(): void {
  const group = new SharedGroup<TestSubscriber>('$share/g/a')
  for (let i = 0; i < 10; i++) group.join(new TestSubscriber(`c${i}`), options)
  const message = messageOf('a/topic')
  const random = new SeededRandom(1)
  for (const strategy of ['round_robin', 'random', 'sticky', 'hash_clientid'] as const) {
    const ns = nsEach(1_000_000, () => group.pick(message, strategy, random))
    print(`a pick of 10 members, ${strategy}: ${ns.toFixed(0)} ns`)
  }
}

function benchRetained(count: number): void {
  const store = new RetainedStore()
  const payload = Buffer.alloc(40, 'x')
  let perSecond = 0
  const { kept, resident } = grown(() => {
    const start = process.hrtime.bigint()
    for (let i = 0; i < count; i++) {
      store.set(messageOf(`fleet/${i % 97}/device/${i}/state`, { payload, from: 'one', qos: 1 }))
    }
    perSecond = count / (Number(process.hrtime.bigint() - start) / 1e9)
  })
  const message = messageOf('fleet/5/device/5/state', { payload })
  const again = nsEach(100_000, () => store.set(message))
  const exact = nsEach(100_000, () => store.find('fleet/5/device/5/state', 0))
  const wild = nsEach(10_000, () => store.find('fleet/+/device/5/#', 0))
  const all = nsEach(1, () => store.find('#', 0))
  print(
    `${count} retained of ${messageOf('fleet/5/device/500000/state', { payload }).frame.size} bytes: ` +
      `${(perSecond / 1000).toFixed(0)} k set/s (with the making of messages), again ${again.toFixed(0)} ns, ` +
      `exact ${exact.toFixed(0)} ns, fleet/+/device/5/# ${(wild / 1000).toFixed(0)} µs, ` +
      `# ${(all / 1e6).toFixed(0)} ms, ${(kept / count).toFixed(0)} bytes each ` +
      `(${(resident / count).toFixed(0)} resident)`,
  )
}

for (const shape of Object.keys(filterShapes)) {
  for (const count of [1000, 10_000, 100_000, 1_000_000]) benchRouter(shape, count)
}
benchChanges()
benchFanOut()
benchGroup()
benchRetained(100_000)
benchRetained(1_000_000)
