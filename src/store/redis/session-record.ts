import type { StoredSession } from '../../broker/ports.ts'
import { nextPacketId } from '../../mqtt/packet-id.ts'
import type { SubscriptionOptions } from '../../mqtt/subscription.ts'
import type { LaneSnapshot } from '../../session/lane.ts'
import type { SlotSnapshot } from '../../session/snapshot.ts'
import { ByteReader, DamagedBytes } from '../codec/byte-reader.ts'
import { readTime, type TimeOffset } from '../codec/message-codec.ts'
import { readLane, readOptions, readSlot, readState } from '../codec/state-codec.ts'
import { Field } from './keys.ts'

/** A packet id that waits for PUBREL, and when it came: in the life of which owner, as the how-manieth. */
interface Arrival {
  readonly packetId: number
  readonly epoch: number
  readonly order: number
  readonly receivedAt: number
}

/** A session out of the fields and values of its hash, which come in no order. Throws: DamagedBytes. */
export function decodeSession(
  clientId: string,
  generation: number,
  fields: readonly Buffer[],
  offset: TimeOffset,
): StoredSession {
  const parts = new SessionFields(offset)
  for (let i = 0; i + 1 < fields.length; i += 2) {
    parts.read((fields[i] as Buffer).toString(), fields[i + 1] as Buffer)
  }
  const { lanes, state } = parts
  if (state === undefined) throw new DamagedBytes('its state is missing')
  return {
    key: { clientId, generation },
    state,
    snapshot: {
      clientId,
      generation,
      createdAtWallMs: state.createdAtWallMs,
      subscriptions: parts.subscriptions,
      nextPacketId: parts.nextPacketId,
      nextSequence: Math.max(parts.nextSequence, ...lanes.map(({ tail }) => tail)),
      inflight: parts.slots.sort((a, b) => a.order - b.order),
      lanes: lanes.sort((a, b) => a.key - b.key),
      mqueue: [],
      awaitingRel: parts.arrivals
        .sort((a, b) => a.epoch - b.epoch || a.order - b.order)
        .map(({ packetId, receivedAt }) => [packetId, receivedAt]),
    },
  }
}

class SessionFields {
  state: StoredSession['state'] | undefined
  nextPacketId = 1
  nextSequence = 1
  readonly subscriptions: [filter: string, options: SubscriptionOptions][] = []
  readonly slots: SlotSnapshot[] = []
  readonly lanes: LaneSnapshot[] = []
  readonly arrivals: Arrival[] = []
  readonly #offset: TimeOffset

  constructor(offset: TimeOffset) {
    this.#offset = offset
  }

  /** Takes in a field; one that is unknown is for somebody else. */
  read(field: string, value: Buffer): void {
    const reader = new ByteReader(value)
    switch (field[0]) {
      case Field.state:
        this.state = readState(reader, this.#offset)
        break
      case Field.packetId:
        this.nextPacketId = nextPacketId(Number(value))
        break
      case Field.sequence:
        this.nextSequence = Number(value)
        break
      case Field.subscription:
        this.subscriptions.push([field.slice(1), readOptions(reader)])
        break
      case Field.slot:
        this.slots.push(readSlot(reader, this.#offset))
        break
      case Field.lane:
        this.lanes.push(readLane(reader))
        break
      case Field.rel: {
        const [epoch, order] = [reader.integer(), reader.integer()]
        const receivedAt = readTime(reader, this.#offset)
        this.arrivals.push({ packetId: Number(field.slice(1)), epoch, order, receivedAt })
      }
    }
  }
}
