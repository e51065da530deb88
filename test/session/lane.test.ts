import { expect, test } from 'vitest'
import { Lane, type QueuedEntry } from '../../src/session/lane.ts'
import { Outgoing } from '../../src/session/outgoing.ts'
import { at, message } from '../support/session-kit.ts'

function entryOf(sequence: number): Outgoing {
  const entry = new Outgoing(message(`m${sequence}`, 1), at(1), 1)
  entry.sequence = sequence
  return entry
}

/** A lane of which everything, entries 1 to `count`, is only in the store. */
function storedLane(count: number): Lane {
  const lane = new Lane(0, 0, { messages: 0, bytes: 0 })
  for (let sequence = 1; sequence <= count; sequence++) lane.push(entryOf(sequence))
  lane.pageAll()
  lane.readableBelow = lane.tail
  lane.evict(0)
  return lane
}

function page(first: number, last: number): QueuedEntry[] {
  return Array.from({ length: last - first + 1 }, (_, i) => {
    return { sequence: first + i, message: message(`m${first + i}`, 1), delivery: at(1) }
  })
}

test('what was left to the store while a page was read makes that page useless', () => {
  const lane = storedLane(10)
  expect(lane.beginReading()).toBe(1)
  lane.load(page(1, 4), () => 1)
  expect(lane.beginReading()).toBe(5)
  expect(lane.isReadStale).toBe(false)
  // The client goes, and comes back before the page does.
  lane.evict(0)
  expect(lane.isReadStale).toBe(true)
  expect(lane.beginReading()).toBe(1)
  expect(lane.isReadStale).toBe(false)
  expect({ stored: lane.storedLength, memory: lane.memoryLength }).toEqual({
    stored: 10,
    memory: 0,
  })
})
