import { expect, test } from 'vitest'
import { seedsThatFailed } from './seeds.ts'
import { World } from './world.ts'

/** Fresh seeds a run; SEED replays one, BASE_SEED a whole run. */
const count = Number(process.env.SEEDS ?? '200')
const replayed = process.env.SEED === undefined ? undefined : Number(process.env.SEED)
const base = Number(process.env.BASE_SEED ?? Date.now() % 1_000_000_000)
const portion = 20

if (replayed !== undefined) {
  test(`seed ${replayed}`, async () => {
    await simulate(replayed)
  })
} else {
  test.each(seedsThatFailed)('seed %i, which once failed', async (seed) => {
    await simulate(seed)
  })

  for (let from = 0; from < count; from += portion) {
    const first = base + from
    const last = base + Math.min(count, from + portion) - 1
    test(`fresh seeds ${first} to ${last}`, async () => {
      let messages = 0
      for (let seed = first; seed <= last; seed++) messages += await simulate(seed)
      expect(messages).toBeGreaterThan(0)
    })
  }
}

/** Runs one world; answers how many messages it sent. What goes wrong says how to see it again. */
async function simulate(seed: number): Promise<number> {
  const world = new World(seed)
  const onRejection = (error: unknown): void => world.scheduler.fail(error)
  process.on('unhandledRejection', onRejection)
  try {
    await world.run()
  } catch (error) {
    const story = world.trace.tail(replayed === undefined ? 60 : 400)
    const replay = `SEED=${seed} npx vitest run test/simulation`
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
    throw new Error(`${story}\n\n${what}\n\nTo see it again: ${replay}`)
  } finally {
    process.off('unhandledRejection', onRejection)
  }
  return world.ledger.messages.length
}
