import { expect, test } from 'vitest'
import { Turn, type TurnWork } from '../../src/client/turn.ts'

test('who asks gets the end of the turn once, and who asks then gets the next one', async () => {
  const done: string[] = []
  const turn = new Turn(() => done.push('after'))
  const second: TurnWork = { endTurn: () => done.push('second') }
  const first: TurnWork = {
    endTurn: () => {
      done.push('first')
      turn.ask(second)
    },
  }
  turn.ask(first)
  turn.end()
  expect(done).toEqual(['first', 'after'])
  await new Promise(setImmediate)
  await new Promise(setImmediate)
  expect(done.slice(0, 4)).toEqual(['first', 'after', 'second', 'after'])
})
