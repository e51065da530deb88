/** What must not be, by its name in the report; each breaks a promise of the broker. */
export const faultKinds = {
  lost: 'acknowledged messages that never came',
  doubled: 'QoS 2 messages that came twice',
  stray: 'messages that came to where nobody wanted them, or not as they were sent',
  outOfOrder: 'messages that came behind later ones',
  resend: 'messages sent again without DUP or under another identifier',
  handshake: 'acknowledgements that cannot be',
  session: 'sessions that were gone, or there, against what was agreed',
  subscription: 'acknowledged subscriptions that were gone',
  retained: 'retained messages other than the acknowledged ones',
  will: 'wills that did not come, or at a wrong time, or twice',
  connection: 'connections that failed or were ended while the broker was up',
  process: 'times the broker ended by itself, or did not start',
} as const
export type FaultKind = keyof typeof faultKinds

export interface Fault {
  readonly kind: FaultKind
  /** What happened, to whom, and around which kill. */
  readonly text: string
}

/** A message that its publisher was promised and a session never got. */
export interface LostMessage {
  readonly publisher: string
  readonly topic: string
  readonly number: number
  readonly qos: 1 | 2
  readonly session: string
  /** The life of the broker in which it was acknowledged: 1 ended with the first kill. */
  readonly acknowledgedInLife: number
}

/** Faults that are kept with their words; more are only counted. */
const keptMax = 500

/** Collects what must not be. */
export class Faults {
  readonly list: Fault[] = []
  readonly lost: LostMessage[] = []
  readonly counts: Record<FaultKind, number>
  /** The broker's life that runs, for the words of a fault. */
  life = 0

  constructor() {
    const zeros = Object.keys(faultKinds).map((kind) => [kind, 0] as const)
    this.counts = Object.fromEntries(zeros) as Record<FaultKind, number>
  }

  get total(): number {
    return Object.values(this.counts).reduce((sum, count) => sum + count, 0)
  }

  add(kind: FaultKind, what: string): void {
    this.#keep(kind, `life ${this.life}: ${what}`)
  }

  addLost(lost: LostMessage, because: string): void {
    const { acknowledgedInLife, number, publisher, qos, session, topic } = lost
    if (this.lost.length < keptMax) this.lost.push(lost)
    const what = `${publisher}'s message ${number} to ${topic} at QoS ${qos}`
    const when = `acknowledged in life ${acknowledgedInLife}, ended by kill ${acknowledgedInLife}`
    this.#keep('lost', `${what}, ${when}, never came to ${session}: ${because}`)
  }

  #keep(kind: FaultKind, text: string): void {
    this.counts[kind]++
    if (this.list.length < keptMax) this.list.push({ kind, text })
  }
}
