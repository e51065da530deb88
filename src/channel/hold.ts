import type { Channel } from './channel.ts'
import type { RoomWaiter } from './ports.ts'

/** Pauses reading from a client while the store is behind with what it sent. */
export class Hold implements RoomWaiter {
  readonly #channel: Channel
  #isPausing = false

  constructor(channel: Channel) {
    this.#channel = channel
  }

  get isPausing(): boolean {
    return this.#isPausing
  }

  pause(): void {
    if (this.#isPausing) return
    this.#isPausing = true
    this.#channel.services.commits.hold(this)
    this.#channel.updateAccepting()
  }

  onRoom(): void {
    const channel = this.#channel
    this.#isPausing = false
    channel.now = channel.services.clock.now()
    channel.lastSeen = channel.now
    channel.guard(() => channel.updateAccepting())
  }
}
