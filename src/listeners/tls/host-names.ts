/** Values by host name; `*.example.com` is for each name with exactly one label in place of `*`. */
export class HostNames<Value> {
  readonly #exact = new Map<string, Value>()
  readonly #wild = new Map<string, Value>()

  set(hostname: string, value: Value): void {
    if (hostname.startsWith('*.')) this.#wild.set(hostname.slice(1), value)
    else this.#exact.set(hostname, value)
  }

  /** What there is for a name that a client asks for; its own goes before one with `*`. */
  get(asked: string): Value | undefined {
    const name = asked.toLowerCase().replace(/\.$/, '')
    const exact = this.#exact.get(name)
    if (exact !== undefined) return exact
    const dot = name.indexOf('.')
    return dot > 0 ? this.#wild.get(name.slice(dot)) : undefined
  }
}
