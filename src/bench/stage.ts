import { Turn } from '../client/turn.ts'
import type { QoS } from '../mqtt/subscription.ts'
import { Meter } from './meter.ts'
import { rest } from './rest.ts'
import type { Stream } from './stream.ts'
import type { Subscriber } from './subscriber.ts'
import { Tally } from './tally.ts'
import { connectOptions, type Lifetime, type Target } from './target.ts'
import { atMost } from './waiting.ts'

/** Handshakes at a time. */
export const handshakesMax = 64

/** What every run has: a broker, counters, a meter, and the turn that its clients share. */
export class Stage {
  readonly target: Target
  readonly tally = new Tally()
  readonly meter: Meter
  readonly turn = new Turn(() => rest(this.restMs))
  /** Milliseconds of rest behind each turn that had something to do; 0 for none. */
  restMs = 0

  constructor(target: Target) {
    this.target = target
    this.meter = new Meter(this.tally, target.brokerPid)
  }

  /** Connects subscribers as `s0`, `s1`, …, and has each subscribe to its stream. */
  async subscribe(subscribers: readonly Subscriber[], qos: QoS, lifetime: Lifetime): Promise<void> {
    await atMost(handshakesMax, subscribers.length, async (i) => {
      const subscriber = subscribers[i] as Subscriber
      const options = connectOptions(this.target, `s${i}`, lifetime)
      const connack = await subscriber.connect(this.target, options)
      if (connack.sessionPresent) this.tally.lostSessions++
      const [granted] = await subscriber.subscribe([{ filter: subscriber.stream.topic, qos }])
      if (granted !== qos) this.tally.refused++
    })
  }

  /** Brings subscribers back to their sessions. */
  async resume(subscribers: readonly Subscriber[]): Promise<void> {
    await atMost(handshakesMax, subscribers.length, async (i) => {
      const options = connectOptions(this.target, `s${i}`, 'lasting')
      const connack = await subscribers[i]?.connect(this.target, options)
      if (connack?.sessionPresent !== true) this.tally.lostSessions++
    })
  }

  /** Says good-bye for subscribers, whose sessions stay. */
  async disconnect(subscribers: readonly Subscriber[]): Promise<void> {
    await Promise.all(subscribers.map((subscriber) => subscriber.disconnect()))
  }

  close(): void {
    this.restMs = 0
    this.meter.close()
  }
}

/** Messages of all streams that have not come. */
export function missingOf(streams: readonly Stream[]): number {
  let missing = 0
  for (const stream of streams) missing += stream.missing
  return missing
}
