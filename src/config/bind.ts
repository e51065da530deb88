import { isIPv4, isIPv6 } from 'node:net'

/** Where to listen. */
export interface Bind {
  /** An address or a host name; undefined for every address of IPv4 and IPv6. */
  readonly host: string | undefined
  /** 0 … 65535; 0 lets the system choose. */
  readonly port: number
}

/** A socket in the file system. */
export interface UnixBind {
  /** As it was written; it may be relative. */
  readonly unixPath: string
}

/** Reads what a listener may bind: `unix:/path`, or what `parseBind` reads. Answers what is wrong. */
export function parseListenerBind(text: string): Bind | UnixBind | string {
  if (!text.startsWith('unix:')) return parseBind(text)
  const unixPath = text.slice('unix:'.length)
  return unixPath === '' || unixPath.includes('\0') ? 'has no path behind unix:' : { unixPath }
}

/**
 * Reads `host:port`, `[v6]:port` and `*:port` (dual stack). Answers what is wrong with it as the
 * end of a sentence that begins with the value.
 */
export function parseBind(text: string): Bind | string {
  if (text.startsWith('unix:')) return 'is a Unix socket, which is not possible here'
  const colon = text.lastIndexOf(':')
  if (colon < 0) return /^\d+$/.test(text) ? 'has a port but no address' : 'has no port'
  const host = parseHost(text.slice(0, colon))
  if (host === undefined) return 'has no valid address before its port'
  const port = text.slice(colon + 1)
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    return 'has no port from 0 to 65535 at its end'
  return { host: host === '*' ? undefined : host, port: Number(port) }
}

/** Writes an address as `parseBind` reads it. */
export function formatBind(bind: Bind | UnixBind): string {
  if ('unixPath' in bind) return `unix:${bind.unixPath}`
  if (bind.host === undefined) return `*:${bind.port}`
  return isIPv6(bind.host) ? `[${bind.host}]:${bind.port}` : `${bind.host}:${bind.port}`
}

/** Whether only programs on this machine can reach the address. Other names count as reachable. */
export function isLoopback(host: string | undefined): boolean {
  if (host === undefined) return false
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}

function parseHost(text: string): string | undefined {
  const bracketed = /^\[(.*)\]$/.exec(text)
  if (bracketed !== null) return isIPv6(bracketed[1] as string) ? bracketed[1] : undefined
  if (text === '*' || isIPv4(text)) return text
  const looksLikeV4 = /^[\d.]+$/.test(text)
  return !looksLikeV4 && text.length <= 253 && /^[a-z\d]([\w.-]*[a-z\d])?$/i.test(text)
    ? text.toLowerCase()
    : undefined
}
