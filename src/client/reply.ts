/** The server did not do what was asked of it: it refused, said nothing, or went. */
export class ServerError extends Error {
  override name = 'ServerError'
}

/** An answer of the server that is waited for, no longer than a limit. It is settled once. */
export class Reply<T> {
  readonly promise: Promise<T>
  #resolve: (value: T) => void = () => undefined
  #reject: (error: ServerError) => void = () => undefined
  readonly #timer: NodeJS.Timeout

  constructor(what: string, waitMsMax: number) {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#timer = setTimeout(() => this.fail(`no ${what} in ${waitMsMax} ms`), waitMsMax)
  }

  settle(value: T): void {
    clearTimeout(this.#timer)
    this.#resolve(value)
  }

  fail(because: string): void {
    clearTimeout(this.#timer)
    this.#reject(new ServerError(because))
  }
}
