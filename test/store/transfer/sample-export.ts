import { createHash } from 'node:crypto'
import { MemoryStore } from '../../../src/store/memory/memory-store.ts'
import { type Content, clockAt, emptySession, exportOf, fill, messageOf } from './kit.ts'

export const clock = clockAt(5000, 1_700_000_000_000)

export const delivery = {
  qos: 1,
  retainAsPublished: false,
  subscriptionIds: undefined,
  shared: undefined,
} as const

/** A line of an export, for a test to change. */
export type Line = Record<string, unknown>

/** An export with a line of each type, in the order of their types. */
export class SampleExport {
  readonly lines: Line[]

  private constructor(lines: Line[]) {
    this.lines = lines
  }

  static async make(): Promise<SampleExport> {
    const store = new MemoryStore()
    await fill(store, content())
    const text = (await exportOf(store, clock)).toString()
    const lines = text.trimEnd().split('\n')
    return new SampleExport(lines.map((line) => JSON.parse(line) as Line))
  }

  /** The first line of a type. */
  line(type: string): Line {
    return this.lines.find((candidate) => candidate.type === type) as Line
  }

  get trailer(): Line {
    return this.lines.at(-1) as Line
  }

  /** Adds sessions with nothing in them, in front of the trailer, which does not count them. */
  addSessions(count: number): void {
    const { username: _, will: __, ...session } = this.line('session')
    for (let i = 0; i < count; i++) {
      this.lines.splice(-1, 0, { ...session, generation: 100 + i, nextSequence: 1 })
    }
  }

  /** The lines as text, with a checksum that fits them. */
  signed(): string {
    const before = this.lines.slice(0, -1).map((line) => `${JSON.stringify(line)}\n`)
    const sha256 = createHash('sha256').update(before.join('')).digest('hex')
    return `${before.join('')}${JSON.stringify({ ...this.trailer, sha256 })}\n`
  }
}

function content(): Content {
  const { key, snapshot, state } = emptySession('c', 5)
  const subscription = {
    qos: 1,
    noLocal: false,
    retainAsPublished: false,
    retainHandling: 0,
  } as const
  const slot = { order: 1, qos: 1, message: messageOf(), delivery, wasSent: true } as const
  return {
    sessions: [
      {
        key,
        state: {
          ...state,
          username: 'ada',
          will: { message: messageOf(), delay: 1, expiryInterval: 2 },
        },
        snapshot: {
          ...snapshot,
          subscriptions: [['a/#', subscription]],
          inflight: [
            { phase: 'publish', packetId: 3, ...slot },
            { phase: 'pubrel', packetId: 4, order: 2 },
          ],
          awaitingRel: [[9, 4000]],
          nextSequence: 4,
          lanes: [{ key: 0, head: 1, tail: 4, length: 2, bytes: 500, isShared: false, table: 0 }],
          mqueue: [1, 3].map((sequence) => ({ lane: 0, sequence, message: messageOf(), delivery })),
        },
      },
    ],
    retained: [messageOf({ topic: 'r', retain: true, receivedAt: 1000 })],
  }
}
