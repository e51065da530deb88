const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const

/** The signals that ask the broker to stop. */
export type StopSignal = keyof typeof exitCodes

/**
 * Watches for SIGTERM and SIGINT from the moment it is made. The first one is for the caller to act
 * upon; a second one ends the process at once, for those who do not want to wait.
 */
export class SignalWatch {
  /** Resolves with the first signal. */
  readonly first: Promise<StopSignal>

  constructor() {
    this.first = new Promise((resolve) => {
      let hasCome = false
      for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        process.on(signal, () => {
          if (hasCome) process.exit(exitCodes[signal])
          hasCome = true
          resolve(signal)
        })
      }
    })
  }
}
