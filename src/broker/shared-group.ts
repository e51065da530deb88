import { assert } from '../base/assert.ts'
import type { Random } from '../base/random.ts'
import type { SharedSubscriptionStrategy } from '../channel/options.ts'
import type { Message } from '../mqtt/message.ts'
import type { Delivery, SubscriptionOptions } from '../mqtt/subscription.ts'
import { deliveryOf } from './delivery.ts'
import type { Subscriber } from './ports.ts'

/** One subscriber's share in a group. Only `place` changes, and only the group changes it. */
export class Member<S extends Subscriber> {
  readonly subscriber: S
  readonly options: SubscriptionOptions
  /** With this member's QoS, whatever others in the group were granted. [MQTT-4.8.2-3] */
  readonly delivery: Delivery
  place: number

  constructor(subscriber: S, options: SubscriptionOptions, filter: string, place: number) {
    this.subscriber = subscriber
    this.options = options
    this.delivery = deliveryOf(options, filter)
    this.place = place
  }
}

/** Up to so many members a walk finds one as fast as a map, which costs memory. */
const walkedMax = 16

/**
 * The subscribers of one `$share/{name}/{filter}`: each message goes to one of them. Preferred is
 * one whose socket takes more, then one that is connected, then one that is away and queues; the
 * strategy says where the search begins. A search costs the members that it steps over, so a group
 * of which all are away costs as much as an ordinary topic with as many subscribers.
 *
 * Choosing allocates nothing. No Local cannot occur here. [MQTT-3.8.3-4]
 *
 * Invariants: 1. members[i].place = i. 2. the members before `next` had their turn in this round.
 * 3. the sticky one is a member. 4. the map, once there were too many to walk, holds them all.
 */
export class SharedGroup<S extends Subscriber> {
  /** The full filter, `$share/…` included. */
  readonly filter: string
  readonly #members: Member<S>[] = []
  #bySubscriber: Map<S, Member<S>> | undefined
  #next = 0
  #sticky: Member<S> | undefined

  constructor(filter: string) {
    this.filter = filter
  }

  get size(): number {
    return this.#members.length
  }

  /** The members, in no particular order; for people to look at. */
  get members(): readonly Member<S>[] {
    return this.#members
  }

  /** Adds a member, or gives one new options in its place. Answers whether it is new. */
  join(subscriber: S, options: SubscriptionOptions): boolean {
    const old = this.#find(subscriber)
    const place = old === undefined ? this.#members.length : old.place
    const member = new Member(subscriber, options, this.filter, place)
    this.#members[place] = member
    if (old !== undefined && this.#sticky === old) this.#sticky = member
    if (this.#bySubscriber !== undefined) this.#bySubscriber.set(subscriber, member)
    else if (this.#members.length > walkedMax) {
      this.#bySubscriber = new Map(this.#members.map((m) => [m.subscriber, m]))
    }
    return old === undefined
  }

  /** Takes a member out. Answers whether it was one. */
  leave(subscriber: S): boolean {
    const member = this.#find(subscriber)
    if (member === undefined) return false
    let gap = member.place
    // The last one of those that had their turn closes the gap among them, so none loses a turn.
    if (gap < this.#next) {
      this.#next--
      this.#move(this.#next, gap)
      gap = this.#next
    }
    this.#move(this.#members.length - 1, gap)
    this.#members.length--
    if (this.#next === this.#members.length) this.#next = 0
    this.#bySubscriber?.delete(subscriber)
    if (this.#sticky === member) this.#sticky = undefined
    return true
  }

  /** The member that gets a message; undefined only when there is none. */
  pick(
    message: Message,
    strategy: SharedSubscriptionStrategy,
    random: Random,
  ): Member<S> | undefined {
    return this.#pick(message, strategy, random, undefined)
  }

  /**
   * Another member than `clientId`, for what the end of that client's session leaves; undefined
   * when there is no other. Never for QoS 2 in flight. [MQTT-4.8.2-5]
   */
  pickExcept(
    clientId: string,
    message: Message,
    strategy: SharedSubscriptionStrategy,
    random: Random,
  ): Member<S> | undefined {
    return this.#pick(message, strategy, random, clientId)
  }

  checkInvariants(): void {
    const members = this.#members
    members.forEach((member, i) => {
      assert(member.place === i, 'a member knows its place')
    })
    assert(this.#next === 0 || this.#next < members.length, 'the next turn is a member’s')
    const sticky = this.#sticky
    assert(sticky === undefined || members[sticky.place] === sticky, 'the sticky one is a member')
    const mapped = this.#bySubscriber?.size ?? members.length
    assert(mapped === members.length, 'the map holds all members')
  }

  #pick(
    message: Message,
    strategy: SharedSubscriptionStrategy,
    random: Random,
    except: string | undefined,
  ): Member<S> | undefined {
    // hot: once for each message and group.
    const length = this.#members.length
    if (length <= 1) return this.#search(0, except)
    if (strategy === 'random') return this.#search(random.below(length), except)
    if (strategy === 'hash_clientid') return this.#search(hash(message.from) % length, except)
    if (strategy === 'hash_topic') return this.#search(hash(message.topic) % length, except)
    if (strategy === 'sticky') return this.#pickSticky(random, except)
    // 'local' prefers members of this node: as long as there is no other, it is the same.
    const member = this.#search(this.#next, except)
    if (member !== undefined) this.#next = member.place + 1 === length ? 0 : member.place + 1
    return member
  }

  /** Stays with one member until it leaves or loses its connection; also while its socket is full. */
  #pickSticky(random: Random, except: string | undefined): Member<S> | undefined {
    const sticky = this.#sticky
    const mayStay = sticky !== undefined && sticky.subscriber.clientId !== except
    if (mayStay && sticky.subscriber.isConnected) return sticky
    const member = this.#search(random.below(this.#members.length), except)
    if (mayStay && member?.subscriber.isConnected === false) return sticky
    this.#sticky = member
    return member
  }

  /** The first best member from `start` on, all around. */
  #search(start: number, except: string | undefined): Member<S> | undefined {
    const members = this.#members
    let connected: Member<S> | undefined
    let away: Member<S> | undefined
    for (let i = 0, place = start; i < members.length; i++) {
      const member = members[place] as Member<S>
      place = place + 1 === members.length ? 0 : place + 1
      const subscriber = member.subscriber
      if (except !== undefined && subscriber.clientId === except) continue
      if (subscriber.isWritable) return member
      if (subscriber.isConnected) connected ??= member
      else away ??= member
    }
    return connected ?? away
  }

  #find(subscriber: S): Member<S> | undefined {
    if (this.#bySubscriber !== undefined) return this.#bySubscriber.get(subscriber)
    for (const member of this.#members) if (member.subscriber === subscriber) return member
    return undefined
  }

  #move(from: number, to: number): void {
    const member = this.#members[from] as Member<S>
    this.#members[to] = member
    member.place = to
  }
}

/** FNV-1a, 32 bits: the same text always takes the same member while the group stays as it is. */
function hash(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return h >>> 0
}
