import type { Message } from '../../mqtt/message.ts'
import type { Refusal } from '../../mqtt/refusal.ts'
import type { QoS } from '../../mqtt/subscription.ts'

/** What a message in an export is made of: its fields, and the two parts of its packet in bytes. */
export interface MessageParts {
  readonly topic: string
  readonly qos: QoS
  readonly retain: boolean
  readonly isRetained: boolean
  readonly from: string
  readonly number: number
  /** Monotonic ms. */
  readonly receivedAt: number
  /** Monotonic ms; `Infinity` for never. */
  readonly expiresAt: number
  /** The layout of its PUBLISH: 3 without properties, 5 with. */
  readonly shape: 3 | 5
  /** Encoded, one behind the other, without their length in front; empty for shape 3. */
  readonly properties: Buffer
  readonly payload: Buffer
}

/**
 * Makes a message again: `wire` knows how a PUBLISH is encoded, and what its properties may be.
 * Refuses what no PUBLISH can be.
 */
export type MakeMessage = (parts: MessageParts) => Message | Refusal

/** How a long task may be followed, and stopped. */
export interface TaskControl {
  /** Its reason is what the task rejects with. */
  readonly signal: AbortSignal
  /** Called now and then with the bytes that are done. */
  readonly onProgress: (bytes: number) => void
}

/** What a back end can do besides keeping and giving back; each has what makes sense for it. */
export interface StoreUpkeep {
  /** Where it is, and what it takes there. Rejects with what the system says. */
  describe?(): Promise<StoreDescription>
  /**
   * Resolves when everything that was committed has found its place. Rejects with what the system
   * says, instead of trying again as long as it takes.
   */
  settle?(): Promise<void>
  /** Gives back what it takes and does not need; while nobody else uses it. Rejects as `settle`. */
  compact?(): Promise<void>
  /** Closes it, and removes everything that it has. Rejects with what the system says. */
  clear?(): Promise<void>
  /**
   * Copies what is committed now into a new folder, of which a store can be opened; commits go on
   * meanwhile. Answers the bytes that it takes. Rejects: StoreError, or the signal's reason; then
   * nothing of the copy is left.
   */
  backUp?(target: string, control: TaskControl): Promise<number>
}

export interface StoreDescription {
  /** A folder, or the address of a server. */
  readonly where: string
  /** The version of what is written there. */
  readonly format: number
  /** The older ones of which this version makes its own. */
  readonly upgradesFrom: readonly number[]
  /** When the last process that changed it was alive; undefined where nobody knows. */
  readonly aliveAtWallMs: number | undefined
  /** Bytes that it takes, by what for. */
  readonly bytes: Readonly<Record<string, number>>
}
