import { type FSWatcher, statSync, watch } from 'node:fs'
import { dirname } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import type { Deadline, Deadlines } from '../../base/deadlines.ts'

/** From the first sign of a change to looking: certificate and key are seldom written at once. */
const settleMs = 500

/** What a watch works with. */
interface Parts {
  readonly clock: Clock
  readonly deadlines: Deadlines
}

/**
 * Watches files for other contents, also where they are links whose target changes or are replaced as
 * a whole: it is the folders that are watched, and then the files looked at.
 */
export class FileWatch {
  readonly #parts: Parts
  readonly #files: readonly string[]
  readonly #onChange: () => void
  readonly #watchers: FSWatcher[] = []
  #seen: string
  #deadline: Deadline | undefined

  /** `onFault` gets what the system says where it can watch a folder no more. */
  constructor(
    parts: Parts,
    files: readonly string[],
    onChange: () => void,
    onFault: (error: unknown) => void,
  ) {
    this.#parts = parts
    this.#files = files
    this.#onChange = onChange
    this.#seen = this.#look()
    try {
      for (const folder of new Set(files.map((file) => dirname(file)))) {
        const watcher = watch(folder, { persistent: false }, () => this.#stir())
        watcher.on('error', onFault)
        this.#watchers.push(watcher)
      }
    } catch (error) {
      onFault(error)
    }
  }

  close(): void {
    for (const watcher of this.#watchers) watcher.close()
    this.#parts.deadlines.cancel(this.#deadline)
  }

  #stir(): void {
    if (this.#deadline?.isSet === true) return
    const { clock, deadlines } = this.#parts
    this.#deadline = deadlines.set(clock.now() + settleMs, () => {
      const found = this.#look()
      if (found === this.#seen) return
      this.#seen = found
      this.#onChange()
    })
  }

  /** What tells contents apart without reading them. */
  #look(): string {
    const marks = this.#files.map((file) => {
      const found = statSync(file, { throwIfNoEntry: false })
      return found === undefined ? '' : `${found.ino} ${found.size} ${found.mtimeMs}`
    })
    return marks.join()
  }
}
