import type { Clock } from '../base/clock.ts'
import type { Deadlines } from '../base/deadlines.ts'
import type { Logger } from '../base/logger.ts'
import type { Random } from '../base/random.ts'
import type {
  Authenticator,
  ClientEvents,
  Exchange,
  Receipt,
  Services,
  Zone,
} from '../channel/ports.ts'
import type { Message } from '../mqtt/message.ts'
import { ReasonCode } from '../mqtt/reason-code.ts'
import { Refusal } from '../mqtt/refusal.ts'
import type { QueueAccount, RetainedItem } from '../session/ports.ts'
import type { Undelivered } from '../session/session.ts'
import { type AfterTurn, defaultJournalOptions, Journal, type JournalOptions } from './journal.ts'
import type { Target } from './match.ts'
import { Metrics } from './metrics.ts'
import { Pager } from './pager.ts'
import type { BrokerLimits, MessageEvents, Receiver, SessionEvents, Store } from './ports.ts'
import { RareLog } from './rare-log.ts'
import { type RetainedOptions, RetainedStore } from './retained.ts'
import { RetainedPayloads } from './retained-payloads.ts'
import { Router } from './router.ts'
import type { SessionLimit } from './session-bounds.ts'
import { SessionManager } from './session-manager.ts'
import { SessionWatch } from './session-watch.ts'
import type { SharedGroup } from './shared-group.ts'
import { type MessageNumbering, Wills } from './wills.ts'

/** What who embeds the broker may be told. */
export type BrokerEvents = ClientEvents & SessionEvents & MessageEvents

/** What a broker is made of; time, chance and what survives it are handed in. */
export interface BrokerParts {
  /** Names this broker among others. */
  readonly name: string
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly random: Random
  readonly log: Logger
  readonly afterTurn: AfterTurn
  readonly authenticator: Authenticator
  readonly store: Store
  readonly journal?: JournalOptions
  readonly zones: ReadonlyMap<string, Zone>
  readonly limits: BrokerLimits
  readonly retainer: RetainedOptions
  readonly events?: BrokerEvents
}

/** How often expired retained messages are looked for. */
const sweepAtLeastMs = 1000
const sweepAtMostMs = 30_000

const delivered: Receipt = { code: ReasonCode.Success, batch: 0, isBehind: false }
const unmatched: Receipt = { code: ReasonCode.NoMatchingSubscribers, batch: 0, isBehind: false }

/**
 * What clients share: who wants which topic, what is retained, whose sessions there are. Channels
 * bring messages here, and from here they go to sessions.
 */
export class Broker implements Exchange {
  readonly services: Services
  readonly metrics = new Metrics()
  readonly numbering: MessageNumbering = { last: 0 }
  readonly router: Router<Receiver>
  readonly retainer: RetainedStore
  readonly sessions: SessionManager
  readonly journal: Journal
  readonly #parts: BrokerParts
  readonly #payloads: RetainedPayloads
  readonly #watch: SessionWatch
  readonly #rareLog: RareLog

  constructor(parts: BrokerParts) {
    this.#parts = parts
    const { clock, deadlines, log, random } = parts
    this.#rareLog = new RareLog(clock, log)
    const { store } = parts
    this.journal = new Journal({
      store,
      afterTurn: parts.afterTurn,
      clock,
      deadlines,
      log,
      options: parts.journal ?? defaultJournalOptions,
      onRetainedSafe: (message) => this.#payloads.isSafe(message),
    })
    const pager = new Pager({ store, clock, deadlines, log, meter: this.journal.meter })
    this.router = new Router<Receiver>()
    this.retainer = new RetainedStore(parts.retainer)
    const { retainer } = this
    this.#payloads = new RetainedPayloads({ store, retainer, clock, deadlines, log })
    const events = parts.events ?? {}
    this.#watch = new SessionWatch(this.metrics, events, this.#rareLog, parts.name, clock)
    this.sessions = new SessionManager({
      clock,
      deadlines,
      recording: { journal: this.journal, pager },
      router: this.router,
      wills: new Wills(clock, this.numbering, (message, zone, now) =>
        this.publish(message, zone, now),
      ),
      observer: this.#watch,
      events,
      limits: parts.limits,
      onExpired: () => {
        this.metrics.sessionsExpired++
      },
      onLimit: (clientId, limit) => this.#onLimit(clientId, limit),
      redispatch: (from, left, zone) => this.#redispatch(from, left, zone),
    })
    this.services = {
      clock,
      deadlines,
      random,
      log,
      authenticator: parts.authenticator,
      sessions: this.sessions,
      exchange: this,
      commits: this.journal,
      counters: this.metrics,
      events,
    }
  }

  /** What waits in all sessions' queues together. */
  get queued(): Readonly<QueueAccount> {
    return this.#watch.queued
  }

  /** Brings back what the store holds; before the first listener opens. */
  async start(): Promise<void> {
    const { clock, store, zones } = this.#parts
    await store.open(clock)
    this.sessions.beginAbove(store.lastGeneration)
    this.#sweepRetained()
    for await (const message of store.retained()) {
      this.retainer.restore(message)
      this.#payloads.isSafe(message)
    }
    for await (const some of store.sessions()) {
      for (const stored of some) {
        const zone = zones.get(stored.state.zone) ?? zones.get('default')
        if (zone !== undefined) this.sessions.restore(stored, zone)
      }
    }
    this.sessions.startAway()
  }

  /**
   * Gives a message to everybody who wants it: retained ones are kept, each matching session gets
   * one copy, each matching group sends one to a member. [MQTT-4.5.0-1] [MQTT-3.3.1-5]
   */
  // hot:
  publish(message: Message, zone: Zone, now: number): Receipt {
    const { journal } = this
    const changesBefore = journal.changes
    const awaitedBefore = journal.awaitedChanges
    if (message.retain) this.#retain(message, zone)
    const { targets, groups } = this.router.match(message.topic)
    for (let i = 0; i < targets.length; i++) {
      const target = targets[i] as Target<Receiver>
      const { subscriber } = target
      const isOwn = target.ownDelivery !== target.delivery && subscriber.clientId === message.from
      const delivery = isOwn ? target.ownDelivery : target.delivery
      if (delivery !== undefined) subscriber.deliver(message, delivery, now)
      else this.#watch.dropped(subscriber.clientId, message, 'no_local')
    }
    for (let i = 0; i < groups.length; i++) {
      this.#deliverShared(message, groups[i] as SharedGroup<Receiver>, zone, now)
    }
    const isMatched = targets.length > 0 || groups.length > 0
    if (!isMatched) this.metrics.messagesWithoutSubscribers += message.count
    if (this.#watch.queued.bytes > this.#parts.limits.queuedBytesMax) {
      this.sessions.relieve()
    }
    if (journal.changes === changesBefore) return isMatched ? delivered : unmatched
    return {
      code: isMatched ? ReasonCode.Success : ReasonCode.NoMatchingSubscribers,
      batch: journal.awaitedChanges === awaitedBefore ? 0 : journal.openBatch,
      isBehind: journal.isBehind,
    }
  }

  /**
   * Gives a message of the broker's own to everybody who wants it. What it retains of it is in
   * memory only: the next process says it anew.
   */
  announce(message: Message, zone: Zone): void {
    const now = this.#parts.clock.now()
    if (message.retain) this.retainer.set(message)
    const { targets, groups } = this.router.match(message.topic)
    for (const { delivery, subscriber } of targets) {
      if (delivery !== undefined) subscriber.deliver(message, delivery, now)
    }
    for (const group of groups) this.#deliverShared(message, group, zone, now)
  }

  /** Forgets the retained message of a topic. Answers whether there was one. */
  forgetRetained(topic: string): boolean {
    if (!this.retainer.delete(topic)) return false
    this.journal.retained(topic, undefined, true)
    return true
  }

  wouldBeKept(message: Message, zone: Zone): boolean {
    if (message.retain && zone.channel.durability !== 'none') return true
    const { targets, groups } = this.router.match(message.topic)
    const hasDurable = ({ subscriber }: { subscriber: Receiver }): boolean => subscriber.isDurable
    return targets.some(hasDurable) || groups.some((group) => group.members.some(hasDurable))
  }

  /** The retained messages that match a filter, for a new subscription. */
  retained(filter: string, now: number): RetainedItem[] {
    return this.retainer.find(filter, now)
  }

  /** Each message of a run gets its own member. */
  #deliverShared(message: Message, group: SharedGroup<Receiver>, zone: Zone, now: number): void {
    if (message.count > 1) {
      for (const single of message.split()) this.#deliverShared(single, group, zone, now)
      return
    }
    const strategy = zone.channel.sharedSubscriptionStrategy
    const member = group.pick(message, strategy, this.#parts.random)
    member?.subscriber.deliver(message, member.delivery, now)
  }

  /**
   * The publisher's zone says what is promised of it. One that clears what an earlier one has
   * cleared is as safe as that one, which may not be yet: it waits as well.
   */
  #retain(message: Message, zone: Zone): void {
    const { durability } = zone.channel
    const outcome = this.retainer.set(message)
    if (!(outcome instanceof Refusal)) {
      const isKept = outcome === 'set' && durability !== 'none'
      const kept = isKept ? message : undefined
      return this.journal.retained(message.topic, kept, durability === 'commit')
    }
    this.metrics.retainedRefused++
    const fields = { clientId: message.from, topic: message.topic }
    this.#rareLog.warn(outcome.because, fields, `a message is not retained: ${outcome.because}`)
  }

  #onLimit(clientId: string, limit: SessionLimit): void {
    this.metrics.sessionsEndedByLimit++
    this.#rareLog.warn(limit, { clientId }, `a session ended: limits.${limit} is reached`)
  }

  /**
   * What an ended session leaves of shared subscriptions goes to other members, but for what has
   * expired: to them it was never sent. [MQTT-4.8.2-5] [MQTT-3.3.2-5]
   */
  #redispatch(from: string, left: readonly Undelivered[], zone: Zone): void {
    const now = this.#parts.clock.now()
    const { random } = this.#parts
    for (const { message, delivery } of left) {
      const group =
        delivery.shared === undefined ? undefined : this.router.sharedGroup(delivery.shared)
      const strategy = zone.channel.sharedSubscriptionStrategy
      const member = group?.pickExcept(from, message, strategy, random)
      if (member === undefined) this.#watch.dropped(from, message, 'session_end')
      else if (message.isExpired(now)) this.#watch.dropped(from, message, 'expired')
      else member.subscriber.deliver(message, member.delivery, now)
    }
  }

  /** Forgets retained messages that have expired, a bounded number at a time. [MQTT-3.3.2-5] */
  #sweepRetained(): void {
    const { clock, deadlines } = this.#parts
    const now = clock.now()
    const onForgotten = (topic: string): void => this.journal.retained(topic, undefined, false)
    const next = this.retainer.removeExpired(now, onForgotten) ?? Number.POSITIVE_INFINITY
    deadlines.set(Math.max(now + sweepAtLeastMs, Math.min(next, now + sweepAtMostMs)), () =>
      this.#sweepRetained(),
    )
  }
}
