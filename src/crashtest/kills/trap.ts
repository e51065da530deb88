/** Where a client may stand when the broker is killed. */
export type KillPoint =
  | 'publishQos1'
  | 'publishQos2'
  | 'pubrecAtPublisher'
  | 'pubrelAtPublisher'
  | 'publishAtSubscriber'
  | 'pubrecAtSubscriber'
  | 'pubrelAtSubscriber'
  | 'puback'
  | 'pubcomp'
  | 'cleanStart'
  | 'connack'
  | 'subscribe'
  | 'suback'
  | 'retained'
  | 'drain'

/** Whether who came to a point stands there still. */
export type IsStill = () => boolean

const always: IsStill = () => true

/**
 * Waits for clients to come to one point, lets some of them pass and takes the next. The one that is
 * taken, and all that come to that point after it, go no further where the point is in front of an
 * answer: the broker is about to be killed.
 */
export class Trap {
  #point: KillPoint | undefined
  #passes = 0
  #spring: (isStill: IsStill) => void = () => undefined
  #state: 'open' | 'armed' | 'sprung' = 'open'

  /** Calls `spring` when `passes` clients have passed the point and one more comes, with its `isStill`. */
  arm(point: KillPoint, passes: number, spring: (isStill: IsStill) => void): void {
    this.#point = point
    this.#passes = passes
    this.#spring = spring
    this.#state = 'armed'
  }

  disarm(): void {
    this.#state = 'open'
  }

  /** A client stands at a point. Answers whether it goes no further. */
  at(point: KillPoint, isStill = always): boolean {
    if (this.#state === 'open' || this.#point !== point) return false
    if (this.#state === 'sprung') return true
    if (!isStill() || this.#passes-- > 0) return false
    this.#state = 'sprung'
    this.#spring(isStill)
    return true
  }
}
