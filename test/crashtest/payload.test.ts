import { expect, test } from 'vitest'
import { isWhole, payloadOf, readLabel, willPayload } from '../../src/crashtest/clients/payload.ts'
import { LedgerKit } from './kit.ts'

const { ledger } = new LedgerKit()
const message = ledger.compose('p', 'a', 1, 40)
const payload = payloadOf(message)
const packet = Buffer.concat([Buffer.from('xx'), payload, Buffer.from('yy')])

test('a payload says which message it is', () => {
  expect(payload.length).toBe(40)
  expect(readLabel(packet, 2, 42)).toEqual({ kind: 'message', number: 0 })
  expect(readLabel(willPayload(7), 0, 3)).toEqual({ kind: 'will', number: 7 })
})

test.each(['', 'm', 'm12', 'mx 1', 'hello world', ' '])('%j is none of ours', (text) => {
  const bytes = Buffer.from(text)
  expect(readLabel(bytes, 0, bytes.length)).toBeUndefined()
})

test('a payload is whole, byte for byte, or it is not', () => {
  expect(isWhole(message, packet, 2, 42)).toBe(true)
  expect(isWhole(message, packet, 2, 41)).toBe(false)
  const damaged = Buffer.from(packet)
  damaged[20] = 0
  expect(isWhole(message, damaged, 2, 42)).toBe(false)
  expect(isWhole(message, payloadOf(ledger.compose('p', 'a', 1, 40)), 0, 40)).toBe(false)
})

test('an empty payload clears a retained message', () => {
  expect(payloadOf(ledger.compose('p', 'a', 1, 0, true)).length).toBe(0)
})
