import type { SessionKey, SessionState, StoredSession } from '../../broker/ports.ts'
import type { SessionSnapshot } from '../../session/snapshot.ts'
import { ByteReader } from '../codec/byte-reader.ts'
import { ByteWriter } from '../codec/byte-writer.ts'
import type { TimeOffset } from '../codec/message-codec.ts'
import { readSnapshot, readState, writeSnapshot, writeState } from '../codec/state-codec.ts'

const writer = new ByteWriter(4096)
const writerCapacityMax = 1024 * 1024

/** A session as the database has it, under its generation. */
export function encodeSession(
  { clientId }: SessionKey,
  state: SessionState,
  snapshot: SessionSnapshot,
  offset: TimeOffset,
): Buffer {
  writer.reset(writerCapacityMax)
  writer.text(clientId)
  writeState(writer, state, offset)
  writeSnapshot(writer, snapshot, offset)
  return writer.copyFrom(0)
}

/** Throws: DamagedBytes. */
export function decodeSession(
  generation: number,
  bytes: Buffer,
  offset: TimeOffset,
): StoredSession {
  const reader = new ByteReader(bytes)
  const clientId = reader.text()
  const state = readState(reader, offset)
  const { createdAtWallMs } = state
  const snapshot = { clientId, generation, createdAtWallMs, ...readSnapshot(reader, offset) }
  return { key: { clientId, generation }, state, snapshot }
}
