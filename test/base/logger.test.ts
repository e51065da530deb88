import { expect, test } from 'vitest'
import { Program } from '../support/program.ts'

test('JSON lines have level names, ISO times and the fields; children follow the level', async () => {
  const program = new Program('test/support/log-lines.ts', ['auto'])
  expect(await program.ended).toBe(0)
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/)
  expect(
    program.output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { level: 'warn', time, client: 'c1', place: 2, msg: 'warn at warn' },
    { level: 'debug', time, client: 'c1', place: 1, msg: 'debug at debug' },
    { level: 'warn', time, client: 'c1', place: 2, msg: 'warn at debug' },
  ])
})

test('pretty lines are for people: one line an event', async () => {
  const program = new Program('test/support/log-lines.ts', ['pretty'])
  expect(await program.ended).toBe(0)
  const lines = program.output.trim().split('\n')
  expect(lines).toHaveLength(3)
  expect(lines[0]).toMatch(
    /^\[\d\d:\d\d:\d\d\.\d{3}\] WARN: warn at warn \{"client":"c1","place":2\}$/,
  )
})
