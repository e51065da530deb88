import {
  closeSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  writeSync,
} from 'node:fs'
import { join, relative } from 'node:path'
import type { Random } from '../../../src/base/random.ts'
import { type Change, readJournal } from './journal.ts'

/** What a power loss took away. */
export interface PowerLoss {
  /** The files that lost something, relative to the folder. */
  readonly files: readonly string[]
  /** Writes that were dropped, as a whole or, if `torn`, behind one of their sectors. */
  readonly writes: number
  readonly torn: number
  /** Truncations (and their opposite) that were undone. */
  readonly resizes: number
  /** Bytes of those writes that are not on the disk. */
  readonly bytes: number
}

type Fate = 'kept' | 'dropped' | 'torn'

/** What was written, as it stood in the file before the change was undone; or the new size. */
interface Redo {
  readonly change: Change
  readonly bytes: Buffer
}

/** Bytes: what a disk writes as a whole. */
const sectorBytes = 512

/**
 * Rolls the files of a folder back to what is durable by the journal (disk-faults.h has the
 * rules); the processes that wrote them have ended. Without chance everything else is dropped.
 * With it, as disks reorder: in about half of the files a prefix of the writes is kept and the one
 * after it torn, in the rest each write is dropped, kept or torn by itself.
 */
export function losePower(folder: string, journal: string, chance?: Random): PowerLoss {
  const paths = pathsByInode(folder)
  const loss = { files: [] as string[], writes: 0, torn: 0, resizes: 0, bytes: 0 }
  for (const [inode, changes] of readJournal(readFileSync(journal))) {
    const path = paths.get(inode)
    if (path === undefined || changes.every(({ state }) => state === 'durable')) continue
    const file = openSync(path, 'r+')
    try {
      const before = loss.writes + loss.resizes
      rollBack(file, changes, fatesOf(changes, chance), loss, chance)
      if (loss.writes + loss.resizes > before) loss.files.push(relative(folder, path))
    } finally {
      closeSync(file)
    }
  }
  return loss
}

/** Undoes all changes, the last one first, then makes again what is kept of them. */
function rollBack(
  file: number,
  changes: readonly Change[],
  fates: readonly Fate[],
  loss: { writes: number; torn: number; resizes: number; bytes: number },
  chance: Random | undefined,
): void {
  const redos: Redo[] = []
  for (const [index, change] of [...changes.entries()].reverse()) {
    const size = fstatSync(file).size
    if (change.kind === 'resize') {
      if (fates[index] === 'kept') redos.push({ change, bytes: Buffer.alloc(0) })
      else if (size !== change.oldSize) loss.resizes += 1
    } else {
      // Nothing, if the process was killed before the write began.
      const written = Math.max(0, Math.min(change.length, size - change.offset))
      const kept = keptOf(change.offset, written, fates[index] ?? 'dropped', chance)
      if (kept > 0) redos.push({ change, bytes: read(file, change.offset, kept) })
      if (kept > 0 && kept < written) loss.torn += 1
      if (kept < written) loss.writes += 1
      loss.bytes += written - kept
    }
    if (change.saved.length > 0) write(file, change.offset, change.saved)
    ftruncateSync(file, change.oldSize)
  }
  for (const { change, bytes } of redos.reverse()) {
    if (change.kind === 'resize') ftruncateSync(file, change.offset)
    else write(file, change.offset, bytes)
  }
}

/** What becomes of each change; one that is durable is kept, one that no sync can save is lost. */
function fatesOf(changes: readonly Change[], chance: Random | undefined): Fate[] {
  const open = changes.filter(({ state }) => state === 'volatile').length
  const keepsPrefix = chance?.below(2) === 0
  const prefix = chance?.below(open + 1) ?? 0
  let seen = 0
  return changes.map(({ state }) => {
    if (state === 'durable') return 'kept'
    if (state === 'lost' || chance === undefined) return 'dropped'
    if (!keepsPrefix) return (['kept', 'dropped', 'torn'] as const)[chance.below(3)] ?? 'dropped'
    const place = seen++
    if (place === prefix) return 'torn'
    return place < prefix ? 'kept' : 'dropped'
  })
}

/** How many bytes of a write are kept; a torn one ends where a sector of the file does. */
function keptOf(offset: number, length: number, fate: Fate, chance: Random | undefined): number {
  if (fate === 'kept') return length
  const first = Math.floor(offset / sectorBytes) + 1
  const borders = Math.ceil((offset + length) / sectorBytes) - first
  if (fate === 'dropped' || borders <= 0) return 0
  return (first + (chance?.below(borders) ?? 0)) * sectorBytes - offset
}

function read(file: number, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  const got = readSync(file, bytes, 0, length, offset)
  if (got !== length) throw new Error(`read ${got} bytes instead of ${length} at ${offset}`)
  return bytes
}

function write(file: number, offset: number, bytes: Buffer): void {
  const written = writeSync(file, bytes, 0, bytes.length, offset)
  if (written !== bytes.length) throw new Error(`wrote ${written} bytes of ${bytes.length}`)
}

/** The files of a folder by `device:inode`; with several names, by one of them. */
function pathsByInode(folder: string): Map<string, string> {
  const paths = new Map<string, string>()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const { dev, ino } = lstatSync(path, { bigint: true })
    paths.set(`${dev}:${ino}`, path)
  }
  return paths
}
