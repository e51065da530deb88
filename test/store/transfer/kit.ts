import type { Clock } from '../../../src/base/clock.ts'
import type { SessionState, Store, StoredSession } from '../../../src/broker/ports.ts'
import { makeStoredMessage } from '../../../src/cli/store-message.ts'
import { Message } from '../../../src/mqtt/message.ts'
import type { QueuedEntry } from '../../../src/session/lane.ts'
import { Outgoing } from '../../../src/session/outgoing.ts'
import type { SessionSnapshot } from '../../../src/session/snapshot.ts'
import { StoreExport } from '../../../src/store/transfer/export.ts'
import { type ExportCounts, ExportTime } from '../../../src/store/transfer/format.ts'
import { importStore } from '../../../src/store/transfer/import.ts'
import type { MessageParts } from '../../../src/store/transfer/ports.ts'

/** What a store holds, in whole numbers of milliseconds. */
export interface Content {
  /** What waits in each is in `snapshot.mqueue`, and its lanes are what follows from that. */
  readonly sessions: readonly Pick<StoredSession, 'key' | 'state' | 'snapshot'>[]
  readonly retained: readonly Message[]
}

/** A clock that stands still. */
export function clockAt(now: number, wallMs: number): Clock {
  return { now: () => now, wallMs: () => wallMs }
}

/** A message with a real PUBLISH. */
export function messageOf(wish: Partial<MessageParts> = {}): Message {
  const made = makeStoredMessage({
    topic: 't',
    qos: 1,
    retain: false,
    isRetained: false,
    from: 'publisher',
    number: 7,
    receivedAt: 0,
    expiresAt: Number.POSITIVE_INFINITY,
    shape: 5,
    properties: Buffer.alloc(0),
    payload: Buffer.from('x'),
    ...wish,
  })
  if (made instanceof Message) return made
  throw new Error(made.because)
}

/** Writes what is wanted into an empty store that is open. */
export async function fill(store: Store, content: Content): Promise<void> {
  const batch = store.newBatch(1)
  for (const { key, snapshot, state } of content.sessions) {
    const writer = batch.session(key)
    writer.began(state)
    for (const [filter, options] of snapshot.subscriptions) writer.subscribed(filter, options)
    for (const { delivery, lane, message, sequence } of snapshot.mqueue) {
      writer.queued(lane, sequence, message, delivery)
    }
    for (const lane of snapshot.lanes) {
      writer.lane(lane)
      const entries = snapshot.mqueue.filter((entry) => entry.lane === lane.key)
      writer.page(lane.key, entries.map(outgoingOf))
    }
    for (const slot of snapshot.inflight) {
      if (slot.phase === 'pubrel') writer.released(slot.packetId, slot.order)
      else writer.slot(slot.packetId, slot.order, slot.qos, slot.message, slot.delivery)
    }
    for (const [packetId, receivedAt] of snapshot.awaitingRel) {
      writer.awaitingRel(packetId, receivedAt)
    }
    writer.snapshot(state, { ...snapshot, mqueue: [] })
  }
  for (const message of content.retained) batch.retainedSet(message)
  batch.settledBelow = 2
  await store.commit(batch)
}

/** What comes in groups, one by one. */
export async function* each<T>(groups: AsyncIterable<readonly T[]>): AsyncIterable<T> {
  for await (const group of groups) yield* group
}

/** Everything in a store that has just been opened, as plain data to compare. */
export async function contentOf(store: Store): Promise<object> {
  const sessions: object[] = []
  for await (const { key, snapshot, state } of each(store.sessions())) {
    const lanes: object[] = []
    for (const lane of snapshot.lanes.toSorted((a, b) => a.key - b.key)) {
      const entries = await store.readQueue(key, lane.key, lane.head, { length: 1e9, bytes: 1e9 })
      lanes.push({
        ...lane,
        entries: entries.map(({ delivery, message, sequence }) =>
          entryOf({ delivery, message, sequence }),
        ),
      })
    }
    const plain = {
      ...snapshot,
      subscriptions: snapshot.subscriptions.toSorted(([a], [b]) => (a < b ? -1 : 1)),
      awaitingRel: snapshot.awaitingRel.toSorted(([a], [b]) => a - b),
      inflight: snapshot.inflight.map(slotOf),
      mqueue: [],
      lanes,
    }
    sessions.push({ key, state: stateOf(state), snapshot: plain })
  }
  const retained: object[] = []
  for await (const message of store.retained()) retained.push(fieldsOf(message))
  return { sessions: sorted(sessions), retained: sorted(retained) }
}

/** The whole export of a store that has just been opened. */
export async function exportOf(store: Store, clock: Clock): Promise<Buffer> {
  const header = { broker: '1.2.3', exportedAtWallMs: clock.wallMs(), backend: 'test' }
  const time = new ExportTime(clock.wallMs() - clock.now())
  const chunks: Buffer[] = []
  for await (const chunk of new StoreExport(store, header, time).chunks()) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Imports bytes, in pieces of a size, into what `open` opens. */
export function importInto(
  open: () => Promise<Store>,
  bytes: Buffer | string,
  clock: Clock,
  wish: { isRepeatable?: boolean; pieceSize?: number; signal?: AbortSignal } = {},
): Promise<ExportCounts> {
  const { isRepeatable = true, pieceSize = 1000, signal = new AbortController().signal } = wish
  const all = Buffer.from(bytes)
  async function* read(): AsyncIterable<Buffer> {
    for (let at = 0; at < all.length; at += pieceSize) yield all.subarray(at, at + pieceSize)
  }
  const makeMessage = makeStoredMessage
  return importStore({ open, clock, read, isRepeatable, name: 'x.ndjson', makeMessage, signal })
}

/** A session with nothing in it. */
export function emptySession(clientId: string, generation: number): Content['sessions'][number] {
  const state: SessionState = {
    username: undefined,
    zone: 'default',
    expiryInterval: 60,
    will: undefined,
    createdAtWallMs: 1_700_000_000_000,
    disconnectedAt: undefined,
    isOver: false,
  }
  const snapshot: SessionSnapshot = {
    clientId,
    generation,
    createdAtWallMs: state.createdAtWallMs,
    subscriptions: [],
    nextPacketId: 1,
    nextSequence: 1,
    inflight: [],
    lanes: [],
    mqueue: [],
    awaitingRel: [],
  }
  return { key: { clientId, generation }, state, snapshot }
}

function outgoingOf({ delivery, message, sequence }: QueuedEntry): Outgoing {
  const entry = new Outgoing(message, delivery, delivery.qos)
  entry.sequence = sequence
  return entry
}

function stateOf({ will, ...state }: SessionState): object {
  return { ...state, will: will && { ...will, message: fieldsOf(will.message) } }
}

function slotOf(slot: SessionSnapshot['inflight'][number]): object {
  if (slot.phase === 'pubrel') return slot
  return { ...slot, ...entryOf(slot) }
}

function entryOf({
  delivery,
  message,
  ...rest
}: Pick<QueuedEntry, 'delivery' | 'message'> & Partial<QueuedEntry>): object {
  const { qos, retainAsPublished, shared, subscriptionIds } = delivery
  const how = { qos, retainAsPublished, shared, subscriptionIds }
  return { ...rest, delivery: how, message: fieldsOf(message) }
}

/** When it came in counts only for what is retained. */
function fieldsOf(message: Message): object {
  const { expiresAt, frame, from, isRetained, number, qos, receivedAt, retain, topic } = message
  const bytes = frame.bytes.toString('hex', frame.start, frame.end)
  const received = retain && { receivedAt }
  const { idAt, payloadAt, propertiesAt, propertiesEnd, shape, start } = frame
  const places = [idAt < 0 ? -1 : idAt - start, propertiesAt, propertiesEnd, payloadAt]
  const packet = { bytes, shape, places: places.map((at, i) => (i === 0 ? at : at - start)) }
  return { topic, qos, retain, isRetained, from, number, expiresAt, ...received, packet }
}

/** In an order of their own: none of a store's is promised. */
function sorted(values: object[]): object[] {
  const text = (value: object): string => JSON.stringify(value)
  return values.sort((a, b) => (text(a) < text(b) ? -1 : 1))
}
