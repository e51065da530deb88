import { expect, test } from 'vitest'
import {
  conformancePage,
  findEvidence,
  openStatements,
  unknownIds,
} from '../../scripts/conformance-page.ts'
import { statements } from '../conformance/statements.ts'
import { readText } from './sources.ts'

const evidence = findEvidence()

test('every statement is there once, with who must keep it and what it asks', () => {
  expect(statements.filter((statement) => statement.version === '5.0')).toHaveLength(251)
  expect(statements.filter((statement) => statement.version === '3.1.1')).toHaveLength(141)
  expect(new Set(statements.map((statement) => statement.id)).size).toBe(statements.length)
  const sides = ['server', 'client', 'both', 'note']
  const bad = statements.filter(({ side, summary }) => !sides.includes(side) || summary === '')
  expect(bad).toEqual([])
})

test('a 3.1.1 statement is the same only as one of 5.0 that is there', () => {
  const known = new Set(statements.map((statement) => statement.id))
  const lost = statements.filter(({ sameAs }) => sameAs !== undefined && !known.has(sameAs))
  expect(lost).toEqual([])
})

test('titles name only statements that a specification has', () => {
  expect(unknownIds(evidence)).toEqual([])
})

test('docs/conformance.md is current (npm run conformance writes it)', () => {
  expect(readText('docs/conformance.md')).toBe(conformancePage(evidence))
})

test('no statement that a server must keep is open', () => {
  expect(openStatements(evidence).map((statement) => statement.id)).toEqual([])
})
