import type { ListenerOptions } from './options.ts'

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is already in use; stop the other program or choose another port',
  EACCES: 'this port needs more rights; ports below 1024 want root or CAP_NET_BIND_SERVICE',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'the host name is not known',
}

/** A listener cannot listen; the message is one line that says which, why and what to change. */
export class ListenError extends Error {
  override name = 'ListenError'

  constructor(options: ListenerOptions, cause: NodeJS.ErrnoException) {
    const known = options.unixPath === undefined ? reasons[cause.code ?? ''] : undefined
    const why = known ?? cause.message
    super(`listener ${options.name} (${options.type} ${bindText(options)}): ${why}`, { cause })
  }
}

/** `host:port` or `unix:/path` as it stands in a configuration. */
export function bindText(options: ListenerOptions): string {
  if (options.unixPath !== undefined) return `unix:${options.unixPath}`
  const host = options.host ?? '*'
  return host.includes(':') ? `[${host}]:${options.port}` : `${host}:${options.port}`
}
