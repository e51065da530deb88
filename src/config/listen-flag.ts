/** What `--listen` asks for, in the keys of the file; checked with everything else. */
export interface ListenFlag {
  readonly name: string
  readonly type: string
  readonly bind: string
  readonly path?: string
}

/**
 * Reads the values of `--listen`: `1883` (this machine only), `0.0.0.0:1883`, `tcp://host:port`,
 * `ws://host:port/path`. Whatever else stands there is passed on, for the schema to complain about.
 */
export function readListenFlags(values: readonly string[]): ListenFlag[] {
  const counts = new Map<string, number>()
  return values.map((value) => {
    const match = /^([a-z]+):\/\/([^/]*)(\/.*)?$/i.exec(value)
    const scheme = match === null ? 'tcp' : (match[1] as string).toLowerCase()
    const type = scheme === 'mqtt' ? 'tcp' : scheme
    const address = match === null ? value : (match[2] as string)
    const bind = /^\d+$/.test(address) ? `127.0.0.1:${address}` : address
    const count = (counts.get(type) ?? 0) + 1
    counts.set(type, count)
    const name = count === 1 ? type : `${type}-${count}`
    const path = match?.[3]
    return path === undefined ? { name, type, bind } : { name, type, bind, path }
  })
}
