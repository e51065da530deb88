import { cpSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { StoreBatch, StoredSession } from '../../../src/broker/ports.ts'
import { EmbeddedStore } from '../../../src/store/embedded/embedded-store.ts'
import { MemoryStore } from '../../../src/store/memory/memory-store.ts'
import { retained } from '../../contract/kit.ts'
import { TestLog } from '../../support/test-log.ts'
import { contentOf, type Recorded, textOf, topics, writeBatch } from '../random-history.ts'

/** One of these is worth two hundred of those without a disk. */
const histories = Math.ceil(Number(process.env.HISTORIES ?? 2000) / 200)
const clock = { now: () => 5000, wallMs: () => 1_700_000_000_000 }
/** Bytes of a message of which few fill a file of the log. */
const largeBytes = 1_500_000
/** Turns of the event loop that a commit may have had when the process is killed. */
const turnsMax = 40

/** A batch of the history: what it records follows from its seed. */
interface Batch {
  readonly seed: number
  readonly isLarge: boolean
}

/** What the store must have: the batches that are in it, in a store that is only that. */
class Model {
  readonly batches: Batch[]
  readonly sessions = new Map<string, Recorded>()
  readonly store = new MemoryStore()

  constructor(batches: readonly Batch[]) {
    this.batches = [...batches]
  }

  static async of(batches: readonly Batch[]): Promise<Model> {
    const model = new Model([])
    for (const batch of batches) await model.commit(batch)
    return model
  }

  async commit(batch: Batch): Promise<void> {
    this.batches.push(batch)
    const own = this.store.newBatch(this.batches.length)
    write(own, batch, this.sessions)
    await this.store.commit(own)
  }
}

function write(batch: StoreBatch, { isLarge, seed }: Batch, sessions: Map<string, Recorded>) {
  if (isLarge) batch.retainedSet(retained(`large${seed % 2}`, `${seed} `.padEnd(largeBytes, 'x')))
  return writeBatch(batch, seed, sessions)
}

/** A store and its model, and what happens to both. */
class Scene {
  readonly #home: string
  #copies = 0
  #folder: string
  #store!: EmbeddedStore
  #model = new Model([])
  /** The sessions as this process has recorded them. */
  #sessions = new Map<string, Recorded>()
  #number = 0
  /** By generation: the first batch that no snapshot has settled, `-Infinity` for an earlier process's. */
  #unsettled = new Map<number, number>()

  constructor(home: string) {
    this.#home = home
    this.#folder = join(home, '0')
  }

  /** Opens what there is, as a new process does, and compares all of it with one of the models. */
  async open(...models: readonly Model[]): Promise<void> {
    this.#store = new EmbeddedStore(this.#folder, new TestLog())
    await this.#store.open(clock)
    this.#unsettled.clear()
    const content = await contentOf(this.#store, ({ isUnsettled, key }) => {
      if (isUnsettled === true) this.#unsettled.set(key.generation, Number.NEGATIVE_INFINITY)
    })
    const wanted = await Promise.all(models.map(({ store }) => contentOf(store)))
    const index = wanted.findIndex((each) => this.#equals(content, each))
    if (index < 0) expect(content).toEqual(wanted[0])
    this.#model = await Model.of(models[index]?.batches ?? [])
    this.#sessions = (await Model.of(this.#model.batches)).sessions
    for (const recorded of this.#sessions.values()) recorded.page(undefined)
    this.#number = 0
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  async commit(batch: Batch): Promise<void> {
    await this.#begin(batch)
    await this.#model.commit(batch)
  }

  /** What the store has of retained messages while it runs is what was committed. */
  async readBack(): Promise<void> {
    for (const topic of [...topics, 'large0', 'large1']) {
      const found = await this.#store.readRetained(topic)
      const wanted = await this.#model.store.readRetained(topic)
      expect([topic, found && textOf(found)]).toEqual([topic, wanted && textOf(wanted)])
    }
  }

  /** All of one session goes into the database, and is read back there. */
  async settle(chance: number): Promise<void> {
    const all = [...this.#sessions.values()]
    const recorded = all[chance % Math.max(1, all.length)]
    if (recorded === undefined) return
    const { generation } = recorded.key
    for (const { key, snapshot, state } of await this.#sessionsOfModel()) {
      if (key.generation !== generation) continue
      const inflight = snapshot.inflight.map((slot) =>
        slot.phase === 'publish' ? { ...slot, wasSent: true } : slot,
      )
      const batch = this.#store.newBatch(++this.#number)
      const writer = batch.session(recorded.key)
      recorded.page(writer)
      writer.snapshot(state, { ...snapshot, inflight, mqueue: [] })
      this.#unsettled.delete(generation)
      await this.#commit(batch)
      for (const { head, key: lane } of snapshot.lanes) {
        const [found, wanted] = await Promise.all(
          [this.#store, this.#model.store].map((store) =>
            store.readQueue(key, lane, head, { length: 1000, bytes: 1e6 }),
          ),
        )
        expect(found?.map(({ sequence }) => sequence)).toEqual(
          wanted?.map(({ sequence }) => sequence),
        )
      }
    }
  }

  async reopen(): Promise<void> {
    await this.close()
    await this.open(this.#model)
  }

  /** The process is gone, and the disk has what it had at that moment. */
  async kill(): Promise<void> {
    await this.#leaveCopy()
    await this.open(this.#model)
  }

  /** The same while a batch is on its way: all of it is there, or nothing. */
  async killWithin(batch: Batch, turns: number): Promise<void> {
    const done = this.#begin(batch)
    for (let i = 0; i < turns; i++) await turn()
    await this.#leaveCopy(done)
    const { batches } = this.#model
    await this.open(this.#model, await Model.of([...batches, batch]))
  }

  async #sessionsOfModel(): Promise<StoredSession[]> {
    const sessions: StoredSession[] = []
    for await (const some of this.#model.store.sessions()) sessions.push(...some)
    return sessions
  }

  #begin(batch: Batch): Promise<void> {
    const own = this.#store.newBatch(++this.#number)
    for (const { generation } of write(own, batch, this.#sessions)) {
      if (!this.#unsettled.has(generation)) this.#unsettled.set(generation, this.#number)
    }
    const live = new Set([...this.#sessions.values()].map(({ key }) => key.generation))
    for (const generation of this.#unsettled.keys()) {
      if (!live.has(generation)) this.#unsettled.delete(generation)
    }
    return this.#commit(own)
  }

  #commit(batch: StoreBatch): Promise<void> {
    batch.settledBelow = Math.min(batch.number + 1, ...this.#unsettled.values())
    return this.#store.commit(batch)
  }

  async #leaveCopy(done?: Promise<void>): Promise<void> {
    const copy = join(this.#home, String(++this.#copies))
    while (!copyOfMoment(this.#folder, copy)) await turn()
    await done
    await this.close()
    rmSync(this.#folder, { recursive: true })
    this.#folder = copy
  }

  #equals(found: object, wanted: object): boolean {
    try {
      expect(found).toEqual(wanted)
      return true
    } catch {
      return false
    }
  }
}

/** Copies a folder as it is at a moment. Answers false when something changed meanwhile. */
function copyOfMoment(folder: string, target: string): boolean {
  rmSync(target, { recursive: true, force: true })
  const before = lookOf(folder)
  try {
    cpSync(folder, target, { recursive: true, filter: (path) => !path.endsWith('.new') })
  } catch {
    return false
  }
  return before !== undefined && lookOf(folder) === before
}

function lookOf(folder: string): string | undefined {
  try {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
    const looks = names.map((name) => {
      const { mtimeNs, size } = statSync(join(folder, name), { bigint: true })
      return `${name} ${size} ${mtimeNs}`
    })
    return looks.join('\n')
  } catch {
    return undefined
  }
}

/** By name, how many shares of the commands they are. */
const command = fc.oneof(
  { weight: 12, arbitrary: fc.constant('commit' as const) },
  { weight: 2, arbitrary: fc.constant('commitLarge' as const) },
  { weight: 3, arbitrary: fc.constant('settle' as const) },
  { weight: 2, arbitrary: fc.constant('readBack' as const) },
  { weight: 1, arbitrary: fc.constant('reopen' as const) },
  { weight: 3, arbitrary: fc.constant('kill' as const) },
  { weight: 2, arbitrary: fc.constant('killWithin' as const) },
)
const history = fc.record({
  seed: fc.integer({ min: 1, max: 2 ** 30 }),
  commands: fc.array(fc.tuple(command, fc.nat({ max: turnsMax })), {
    minLength: 30,
    maxLength: 120,
  }),
})

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'model-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

test('whatever is recorded, settled, closed or killed, the store has what was committed', async () => {
  const check = fc.asyncProperty(history, async ({ commands, seed }) => {
    const scene = new Scene(mkdtempSync(join(home, 'history-')))
    await scene.open(new Model([]))
    let next = seed
    try {
      for (const [name, chance] of commands) {
        next++
        if (name === 'settle') await scene.settle(chance)
        else if (name === 'killWithin') {
          await scene.killWithin({ seed: next, isLarge: false }, chance)
        } else if (name === 'commit' || name === 'commitLarge') {
          await scene.commit({ seed: next, isLarge: name === 'commitLarge' })
        } else await scene[name]()
      }
      await scene.reopen()
    } finally {
      await scene.close()
    }
  })
  // Each history costs about a second: what fails is long, and not made shorter.
  await fc.assert(check, { numRuns: histories, endOnFailure: true })
})
