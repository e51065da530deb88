import type { Outgoing } from './outgoing.ts'

/** Cells that an emptied table keeps; beyond it gives them back. */
const keptCellsMax = 64
const empty: (Outgoing | undefined)[] = []

/**
 * Slots by packet id: open addressing in one flat array, at most half full, without a single
 * object per entry. It starts without an array. Ids that follow one another are spread evenly
 * (Fibonacci hashing), so that a lookup or a removal meets few neighbours whatever a client asks.
 */
export class SlotTable {
  #cells = empty
  /** 32 − log2 of the number of cells. */
  #shift = 32
  #size = 0

  get(packetId: number): Outgoing | undefined {
    const place = this.#find(packetId)
    return place < 0 ? undefined : this.#cells[place]
  }

  has(packetId: number): boolean {
    return this.#find(packetId) >= 0
  }

  /** Adds a slot whose id is not in the table. */
  add(slot: Outgoing): void {
    if ((this.#size + 1) * 2 > this.#cells.length) this.#grow()
    this.#place(slot)
    this.#size++
  }

  /** Takes out the slot of an id that is in the table, and closes the gap behind it. */
  remove(packetId: number): void {
    let gap = this.#find(packetId)
    if (gap < 0) return
    const cells = this.#cells
    const mask = cells.length - 1
    for (let i = (gap + 1) & mask; ; i = (i + 1) & mask) {
      const slot = cells[i]
      if (slot === undefined) break
      // It may move back to the gap unless its home lies behind the gap.
      if (((i - this.#home(slot.packetId)) & mask) < ((i - gap) & mask)) continue
      cells[gap] = slot
      gap = i
    }
    cells[gap] = undefined
    this.#size--
    if (this.#size === 0 && cells.length > keptCellsMax) this.clear()
  }

  clear(): void {
    this.#cells = empty
    this.#shift = 32
    this.#size = 0
  }

  #home(packetId: number): number {
    return Math.imul(packetId, 0x9e3779b1) >>> this.#shift
  }

  #find(packetId: number): number {
    const cells = this.#cells
    if (cells.length === 0) return -1
    const mask = cells.length - 1
    for (let i = this.#home(packetId); ; i = (i + 1) & mask) {
      const slot = cells[i]
      if (slot === undefined) return -1
      if (slot.packetId === packetId) return i
    }
  }

  #place(slot: Outgoing): void {
    const mask = this.#cells.length - 1
    let i = this.#home(slot.packetId)
    while (this.#cells[i] !== undefined) i = (i + 1) & mask
    this.#cells[i] = slot
  }

  #grow(): void {
    const old = this.#cells
    const length = Math.max(8, old.length * 2)
    this.#cells = new Array<Outgoing | undefined>(length).fill(undefined)
    this.#shift = 32 - Math.log2(length)
    for (const slot of old) if (slot !== undefined) this.#place(slot)
  }
}
