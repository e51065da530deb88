/** A write, or a new size, that a file may lose again. */
export interface Change {
  readonly kind: 'write' | 'resize'
  readonly number: bigint
  /** Of a write: where it begins. Of a resize: the new size. */
  readonly offset: number
  /** Of a write: its bytes, at most. */
  readonly length: number
  readonly oldSize: number
  /** The bytes from `offset` on that it overwrote or cut off. */
  readonly saved: Buffer
  /** Lost: a sync failed, and later ones do not make up for it. */
  state: 'volatile' | 'durable' | 'lost'
}

/** `struct record` and `enum kind` of disk-faults.h. */
const magic = 0x314a4644
const headBytes = 72
const kinds = ['none', 'write', 'resize', 'synced', 'syncFailed', 'durable', 'forget'] as const

interface Entry {
  readonly kind: (typeof kinds)[number]
  readonly change: bigint
  readonly inode: string
  readonly offset: number
  readonly length: number
  readonly oldSize: number
  readonly saved: Buffer
}

/**
 * The changes of each file, in their order, by `device:inode`: those from the first one on that is
 * not durable. What is not whole at the journal's end was being written when the process ended.
 */
export function readJournal(bytes: Buffer): Map<string, Change[]> {
  const files = new Map<string, Change[]>()
  for (let at = 0; ; ) {
    const entry = readEntry(bytes, at)
    if (entry === undefined) return files
    at += headBytes + entry.saved.length
    const changes = files.get(entry.inode) ?? []
    files.set(entry.inode, changes)
    take(changes, entry)
  }
}

function take(changes: Change[], entry: Entry): void {
  switch (entry.kind) {
    case 'write':
    case 'resize': {
      const { kind, change: number, offset, length, oldSize, saved } = entry
      changes.push({ kind, number, offset, length, oldSize, saved, state: 'volatile' })
      return
    }
    case 'synced':
      return settle(changes, 'durable', ({ number }) => number <= entry.change)
    case 'syncFailed':
      return settle(changes, 'lost', ({ number }) => number <= entry.change)
    case 'durable':
      return settle(changes, 'durable', ({ number }) => number === entry.change)
    case 'forget':
      changes.length = 0
      return
    default:
      throw new Error(`an entry of kind '${entry.kind}' in the journal`)
  }
}

function settle(
  changes: Change[],
  state: 'durable' | 'lost',
  concerns: (change: Change) => boolean,
): void {
  for (const change of changes) {
    if (change.state === 'volatile' && concerns(change)) change.state = state
  }
  const first = changes.findIndex((change) => change.state !== 'durable')
  changes.splice(0, first < 0 ? changes.length : first)
}

function readEntry(bytes: Buffer, at: number): Entry | undefined {
  if (at + headBytes > bytes.length || bytes.readUInt32LE(at) !== magic) return undefined
  const word = (index: number) => bytes.readBigUInt64LE(at + 8 * index)
  const [saved, end] = [Number(word(8)), at + headBytes + Number(word(8))]
  if (end > bytes.length || checksum(bytes, at + 8, end) !== bytes.readUInt32LE(at + 4)) {
    return undefined
  }
  return {
    kind: kinds[Number(word(1))] ?? 'none',
    change: word(2),
    inode: `${word(3)}:${word(4)}`,
    offset: Number(word(5)),
    length: Number(word(6)),
    oldSize: Number(word(7)),
    saved: bytes.subarray(end - saved, end),
  }
}

/** FNV-1a, 32 bits. */
function checksum(bytes: Buffer, start: number, end: number): number {
  let hash = 0x811c9dc5
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193)
  return hash >>> 0
}
