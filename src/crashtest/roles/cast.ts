import { SeededRandom } from '../../base/random.ts'
import type { TestClient } from '../clients/test-client.ts'
import type { World } from '../clients/world.ts'
import { Expirer } from './expirer.ts'
import { fenceOf } from './fence.ts'
import { Publisher } from './publisher.ts'
import { Reader } from './reader.ts'
import { Renewer } from './renewer.ts'
import { Retainer } from './retainer.ts'
import { Returner } from './returner.ts'
import { perform, type Role } from './role.ts'
import { Subscriber } from './subscriber.ts'
import { Switcher } from './switcher.ts'
import { Willer, willTopicOf } from './willer.ts'

/** What clients had in the air when the broker was killed. */
export interface Census {
  /** PUBLISH without PUBACK, and without PUBREC. */
  readonly qos1: number
  readonly qos2: number
  /** PUBREC came and PUBREL was not sent; PUBREL was sent and PUBCOMP did not come. */
  readonly unreleased: number
  readonly released: number
  /** QoS 2 messages at subscribers whose PUBREL did not come. */
  readonly received: number
  /** SUBSCRIBE and UNSUBSCRIBE without answer. */
  readonly requests: number
  readonly cleanStarts: number
}

/** What takes few messages at a time, so that others wait. */
const smallReceiveMaximum = 4

/** All who take part: as many publishers as subscribers, and a few who do something special. */
export class Cast {
  readonly #world: World
  readonly #publishers: readonly Publisher[]
  readonly #roles: readonly Role[]

  /** `count`: publishers, and as many subscribers; `perSecond`: messages of all publishers. */
  constructor(world: World, count: number, perSecond: number, seed: number) {
    this.#world = world
    let roles = 0
    // Each has a chance of its own, so that what one does changes nothing for the others.
    const chance = (): SeededRandom => new SeededRandom(seed + 7919 * ++roles)
    const indexes = Array.from({ length: count }, (_, index) => index)
    this.#publishers = indexes.map((i) => new Publisher(world, i, perSecond / count, chance()))
    this.#roles = [
      ...this.#publishers,
      ...subscribers(world, indexes, chance),
      ...returners(world, indexes.slice(0, Math.max(1, Math.floor(count / 2))), chance),
      new Switcher(world, indexes.map(filterOf(world)), chance()),
      new Renewer(world, chance()),
      new Retainer(world, chance()),
      new Reader(world),
      new Willer(world, chance()),
      new Expirer(world, chance()),
    ]
  }

  /** Everybody plays, until the broker is gone or, in a life of rest, until all are at rest. */
  async play(): Promise<void> {
    await Promise.all(this.#roles.map((role) => perform(role, this.#world)))
  }

  /** Publishes, behind everything else, to every topic and, behind that, to everyone. */
  async probe(): Promise<void> {
    const fences = this.#roles.flatMap(({ clients, name }) =>
      clients.length > 0 ? [fenceOf(this.#world, name)[0]] : [],
    )
    const [first, ...others] = this.#publishers
    await Promise.all(others.map((publisher) => publisher.probe([])))
    await first?.probe(fences)
  }

  /** Resolves when all connections of clients with lasting sessions have ended. */
  async closed(): Promise<void> {
    await Promise.all(this.#clients().map(({ closed }) => closed))
  }

  census(): Census {
    const clients = this.#clients()
    const boxes = clients.map(({ outbox }) => outbox.census())
    return {
      qos1: sum(boxes.map(({ qos1 }) => qos1)),
      qos2: sum(boxes.map(({ qos2 }) => qos2)),
      unreleased: sum(boxes.map(({ unreleased }) => unreleased)),
      released: sum(boxes.map(({ released }) => released)),
      received: sum(clients.map(({ inbox }) => inbox.unreleased)),
      requests: sum(clients.map(({ asked }) => asked)),
      cleanStarts: clients.filter(({ isStartingClean }) => isStartingClean).length,
    }
  }

  #clients(): TestClient[] {
    return this.#roles.flatMap(({ clients }) => clients)
  }
}

/** One has everything, the others what one publisher sends; wills have one of their own. */
function subscribers(world: World, indexes: number[], chance: () => SeededRandom): Subscriber[] {
  const ofTraffic = indexes.map((i) => {
    const filter = i === 0 ? everything(world) : filterOf(world)(i)
    const options = {
      version: i % 2 === 0 ? 5 : 4,
      ...(i % 4 === 2 && { receiveMaximum: smallReceiveMaximum }),
    } as const
    return new Subscriber(world, `s${i}`, options, [[filter, i % 3 === 1 ? 1 : 2]], chance())
  })
  const watched = [[willTopicOf(world), 2]] as const
  return [...ofTraffic, new Subscriber(world, 'watcher', { version: 5 }, watched, chance())]
}

function returners(world: World, indexes: number[], chance: () => SeededRandom): Returner[] {
  return indexes.map((i) => {
    const filter = i === 0 ? everything(world) : filterOf(world)(i)
    return new Returner(world, i, [[filter, i % 2 === 0 ? 2 : 1]], chance())
  })
}

function everything({ prefix }: World): string {
  return `${prefix}/t/#`
}

/** The filter of all topics of one publisher. */
function filterOf({ prefix }: World): (index: number) => string {
  return (index) => `${prefix}/t/${index}/#`
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
