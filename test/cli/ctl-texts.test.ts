import { expect, test } from 'vitest'
import { explain } from '../../src/cli/ctl.ts'
import { ExitCode } from '../../src/cli/exit-code.ts'
import { printable } from '../../src/cli/printable.ts'
import { sheetOf, tableOf } from '../../src/cli/table.ts'
import { ControlLost, ControlUnreachable } from '../../src/control/client.ts'
import { ControlError } from '../../src/control/protocol.ts'

test.each([
  [new ControlUnreachable('x', 'ENOENT'), 'no broker runs here', ExitCode.Unavailable],
  [new ControlUnreachable('x', 'ECONNREFUSED'), 'no broker runs here', ExitCode.Unavailable],
  [new ControlUnreachable('too long a path'), 'too long a path', ExitCode.Unavailable],
  [new ControlUnreachable('x', 'EACCES'), 'only the user that runs it', ExitCode.NoPermission],
  [new ControlLost('the broker hung up'), 'the broker hung up', ExitCode.Failure],
  [new ControlError('not_found', 'no client "a"'), 'no client "a"', ExitCode.Failure],
  [new ControlError('wrong_parameters', 'limit'), 'limit', ExitCode.Usage],
  [new ControlError('unknown_request', 'no such'), 'another version: no such', ExitCode.Failure],
])('%s is one line and an exit code', (error, text, code) => {
  const explained = explain(error, '/data/control.sock')
  expect(explained?.code).toBe(code)
  expect(explained?.message).toContain(text)
  expect(explained?.message).not.toContain('\n')
})

test('what is no fault of the broker or its surroundings is a bug', () => {
  expect(explain(new TypeError('x'), '/data/control.sock')).toBeUndefined()
})

test('a table has its titles, and numbers to the right', () => {
  const columns = [
    ['name', 'NAME'],
    ['size', 'SIZE'],
    ['is', 'IS'],
  ] as const
  const rows = [
    { name: 'a', size: 7, is: true },
    { name: 'bcdef', size: 12345, is: null },
  ]
  expect(tableOf(columns, rows)).toBe(
    ['NAME    SIZE  IS', 'a          7  yes', 'bcdef  12345  -', ''].join('\n'),
  )
  expect(tableOf(columns, [])).toBe('NAME  SIZE  IS\n')
})

test('a sheet has a line for each value, also of what is inside', () => {
  const thing = { started_at: '2026-01-02T03:04:05.678Z', store: { state: 'ok', used_bytes: 2048 } }
  expect(sheetOf(thing)).toBe(
    ['started at        2026-01-02T03:04:05Z', 'store state       ok', 'store used bytes  2.0 kB']
      .map((line) => `${line}\n`)
      .join(''),
  )
})

test('what others have sent moves no cursor', () => {
  expect(printable('a\u001b[2J\u0007\n\u202e')).toBe('a\\x1b[2J\\x07\\x0a\\u202e')
  expect(printable('a\n\tb\r', true)).toBe('a\n\tb\\x0d')
})
