import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Outgoing } from '../../src/session/outgoing.ts'
import { SlotTable } from '../../src/session/slot-table.ts'
import { at } from '../support/session-kit.ts'

function slot(packetId: number): Outgoing {
  const entry = new Outgoing(undefined, at(1), 1)
  entry.packetId = packetId
  return entry
}

describe('the table of slots', () => {
  it('finds what was added and not removed, whatever the ids are', () => {
    const ids = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 65535 }))
    fc.assert(
      fc.property(fc.array(ids, { maxLength: 200 }), (toggled) => {
        const table = new SlotTable()
        const model = new Map<number, Outgoing>()
        for (const id of toggled) {
          if (model.delete(id)) table.remove(id)
          else {
            model.set(id, slot(id))
            table.add(model.get(id) as Outgoing)
          }
          for (const other of toggled) expect(table.get(other)).toBe(model.get(other))
        }
      }),
      { numRuns: 200 },
    )
  })

  it('holds all 65,535 ids', () => {
    const table = new SlotTable()
    for (let id = 1; id <= 65535; id++) table.add(slot(id))
    for (let id = 1; id <= 65535; id++) expect(table.get(id)?.packetId).toBe(id)
    for (let id = 1; id <= 65535; id++) table.remove(id)
    expect(table.has(1)).toBe(false)
  })
})
