import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Broker } from '../broker/broker.ts'
import { deliveryOf } from '../broker/delivery.ts'
import { toPortable } from '../mqtt/portable.ts'
import { ReasonCode } from '../mqtt/reason-code.ts'
import { type QoS, type RetainHandling, subscriptionOptions } from '../mqtt/subscription.ts'
import { checkTopicFilter, isSharedFilter } from '../mqtt/topic.ts'
import { RefusedError } from './errors.ts'
import { type EventHub, messageInfo } from './events.ts'
import { HandlerSubscriber, type MessageHandler } from './handler-subscriber.ts'

/** What a program asks for with a filter. */
export interface SubscribeOptions {
  /** The highest QoS that the handler is told; 2 by default, so that it sees what was published. */
  readonly qos?: QoS
  /** Leaves out what this program publishes itself. */
  readonly noLocal?: boolean
  /** Leaves `retain` of new messages as it was published; false by default, as in MQTT. */
  readonly retainAsPublished?: boolean
  /** 0 or 1: gets what is retained when it begins (the default). 2: does not. */
  readonly retainHandling?: RetainHandling
  /** Messages that may wait while the handler is busy, 100,000 by default; above it the oldest is dropped. */
  readonly queueLengthMax?: number
  /** Bytes of them, 64 MB by default. */
  readonly queueBytesMax?: number
}

/** A subscription of a program in the broker's own process. It ends with `unsubscribe` or the broker. */
export interface Subscription {
  readonly filter: string
  /** Messages that wait for the handler. */
  readonly queueLength: number
  /** Messages that it did not get: too many waited, or they had expired. */
  readonly dropped: number
  /** From here on the handler is not called any more, also not for what waits. */
  unsubscribe(): void
}

const defaultLimit = { length: 100_000, bytes: 64 * 1024 * 1024 }

/** What subscriptions are made in. */
export interface SubscriptionParts {
  readonly broker: Broker
  readonly clock: Clock
  readonly log: Logger
  readonly hub: EventHub
  readonly brokerName: string
}

/** A subscription, as the router has it. */
export class HandlerSubscription implements Subscription {
  readonly filter: string
  readonly #subscriber: HandlerSubscriber
  readonly #broker: Broker
  readonly #onEnd: (ended: HandlerSubscription) => void

  /** Throws: RefusedError for a filter that is none, TypeError, RangeError. */
  constructor(
    parts: SubscriptionParts,
    filter: string,
    options: SubscribeOptions,
    handler: MessageHandler,
    onEnd: (ended: HandlerSubscription) => void,
  ) {
    checkArguments(filter, options, handler)
    const { broker, clock, log } = parts
    this.filter = filter
    this.#broker = broker
    this.#onEnd = onEnd
    const subscriber = new HandlerSubscriber({
      clock,
      handler,
      limit: {
        length: options.queueLengthMax ?? defaultLimit.length,
        bytes: options.queueBytesMax ?? defaultLimit.bytes,
      },
      onError: (error) => log.error({ err: error, filter }, 'a handler of this process has failed'),
      onDropped: (message, reason) => {
        broker.metrics.deliveriesDropped[reason]++
        if (subscriber.dropped === 1) {
          log.warn({ filter, reason }, 'messages for a handler of this process are dropped')
        }
        if (!parts.hub.has('messageDropped')) return
        const portable = toPortable(message, parts.brokerName, clock.wallMs() - clock.now())
        parts.hub.tell('messageDropped', { ...messageInfo('', portable), reason })
      },
    })
    this.#subscriber = subscriber
    const { noLocal = false, qos = 2, retainAsPublished = false, retainHandling = 0 } = options
    const settled = subscriptionOptions(qos, noLocal, retainAsPublished, retainHandling)
    broker.router.subscribe(subscriber, filter, settled)
    if (retainHandling === 2 || isSharedFilter(filter)) return
    const retained = broker.retained(filter, clock.now())
    subscriber.feed(retained, deliveryOf(settled, undefined)).catch((error: unknown) => {
      log.error({ err: error, filter }, 'retained messages do not reach a handler')
    })
  }

  get queueLength(): number {
    return this.#subscriber.length
  }

  get dropped(): number {
    return this.#subscriber.dropped
  }

  unsubscribe(): void {
    this.#broker.router.unsubscribe(this.#subscriber, this.filter)
    this.#subscriber.close()
    this.#onEnd(this)
  }
}

function checkArguments(filter: string, options: SubscribeOptions, handler: MessageHandler): void {
  if (typeof filter !== 'string') throw new TypeError('the filter is no text; wanted: a string')
  if (typeof handler !== 'function') throw new TypeError('there is no handler; wanted: a function')
  const refusal = checkTopicFilter(filter)
  if (refusal !== undefined) {
    throw new RefusedError(refusal.code, `the filter ${filter} will not do: ${refusal.because}`)
  }
  const { noLocal, qos = 2, queueBytesMax = 1, queueLengthMax = 1, retainHandling = 0 } = options
  if (![0, 1, 2].includes(qos)) throw new RangeError(`qos is ${qos}; wanted: 0, 1 or 2`)
  if (![0, 1, 2].includes(retainHandling)) {
    throw new RangeError(`retainHandling is ${retainHandling}; wanted: 0, 1 or 2`)
  }
  if (!(queueLengthMax >= 1) || !(queueBytesMax >= 1)) {
    throw new RangeError('queueLengthMax and queueBytesMax are numbers from 1')
  }
  if (noLocal === true && isSharedFilter(filter)) {
    throw new RefusedError(ReasonCode.ProtocolError, 'noLocal is not for shared subscriptions')
  }
}
