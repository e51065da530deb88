import { isDeepStrictEqual } from 'node:util'
import type { ReloadChange } from '../admin/ports.ts'
import type { Zone } from '../channel/ports.ts'
import type { ZoneOptions } from '../config/configuration.ts'
import { ListenError } from '../listeners/listen-error.ts'
import type { Listener } from '../listeners/listener.ts'
import type { ListenerOptions } from '../listeners/options.ts'
import type { Reception } from '../listeners/reception.ts'

/** The listeners of a broker that runs, as a reload finds them. */
export interface ListenerHost {
  /** Changed in place. */
  readonly listeners: Listener[]
  readonly zones: ReadonlyMap<string, ZoneOptions>
  /** Opens one; connections count where those of `reception` do. Rejects: ListenError. */
  listen(options: ListenerOptions, reception?: Reception): Promise<Listener>
  /** It accepts no more; its clients stay until they go. */
  retire(listener: Listener): void
}

/** What changes under way, by its key in the file; anything else opens the listener anew. */
const liveKeys: readonly (readonly [keyof ListenerOptions, key: string])[] = [
  ['zone', 'zone'],
  ['connectionsMax', 'max_connections'],
  ['connectionRate', 'max_conn_rate'],
  ['protocolVersions', 'protocol_versions'],
  ['highWatermark', 'tcp_options.high_watermark'],
]

/**
 * Makes the listeners those that are wanted. Nobody is disconnected: what is closed, or opened anew,
 * only accepts no more on the old socket. Where one cannot be opened the one before goes on.
 */
export async function changeListeners(
  host: ListenerHost,
  wanted: readonly ListenerOptions[],
): Promise<ReloadChange[]> {
  const changes = closeUnwanted(host, wanted)
  const anew: ListenerOptions[] = []
  for (const options of wanted) {
    const found = host.listeners.find((listener) => nameOf(listener) === options.name)
    if (found === undefined || isToReopen(found, options, zoneOf(host, options))) anew.push(options)
    else changes.push(...configure(host, found, options))
  }
  // All of them first: one may take the address of another.
  const before = anew.map((options) => close(host, options.name))
  for (const [i, options] of anew.entries()) changes.push(await open(host, options, before[i]))
  return changes
}

function closeUnwanted(host: ListenerHost, wanted: readonly ListenerOptions[]): ReloadChange[] {
  const names = new Set(wanted.map(({ name }) => name))
  const unwanted = host.listeners.filter((listener) => !names.has(nameOf(listener)))
  return unwanted.map((listener) => {
    close(host, nameOf(listener))
    host.retire(listener)
    const { size } = listener.reception.connections
    const because = size === 0 ? 'closed' : `closed; its clients (${size}) stay until they go`
    return { path: pathOf(nameOf(listener)), outcome: 'applied', because }
  })
}

function isToReopen({ reception }: Listener, options: ListenerOptions, zone: Zone): boolean {
  const live = Object.fromEntries(liveKeys.map(([name]) => [name, undefined]))
  if (!isDeepStrictEqual({ ...reception.options, ...live }, { ...options, ...live })) return true
  // The sizes of WebSocket frames and the time for the upgrade follow the zone.
  const { idleTimeoutMs, maximumPacketSize } = reception.zone.channel
  const isSame =
    idleTimeoutMs === zone.channel.idleTimeoutMs &&
    maximumPacketSize === zone.channel.maximumPacketSize
  const isWebSocket = options.type === 'ws' || options.type === 'wss'
  return isWebSocket && !isSame
}

function configure(
  host: ListenerHost,
  { reception }: Listener,
  options: ListenerOptions,
): ReloadChange[] {
  const before = reception.options
  reception.configure(options, zoneOf(host, options))
  return liveKeys
    .filter(([name]) => !isDeepStrictEqual(before[name], options[name]))
    .map(([, key]) => ({ path: `${pathOf(options.name)}.${key}`, outcome: 'new_connections' }))
}

/** Answers the one that was there. */
function close(host: ListenerHost, name: string): Listener | undefined {
  const place = host.listeners.findIndex((listener) => nameOf(listener) === name)
  const [listener] = place < 0 ? [] : host.listeners.splice(place, 1)
  listener?.stopAccepting()
  return listener
}

async function open(
  host: ListenerHost,
  options: ListenerOptions,
  before: Listener | undefined,
): Promise<ReloadChange> {
  const path = pathOf(options.name)
  const old = before?.reception.options
  try {
    before?.reception.configure(options, zoneOf(host, options))
    host.listeners.push(await host.listen(options, before?.reception))
    return { path, outcome: 'applied', because: before === undefined ? 'opened' : 'opened anew' }
  } catch (error) {
    if (!(error instanceof ListenError)) throw error
    const rest = old === undefined ? '' : await goBack(host, before as Listener, old)
    return { path, outcome: 'failed', because: `${error.message}${rest}` }
  }
}

/** Opens again what was there before. Answers the end of the sentence. */
async function goBack(
  host: ListenerHost,
  { reception }: Listener,
  options: ListenerOptions,
): Promise<string> {
  const zone = host.zones.get(options.zone)
  if (zone !== undefined) reception.configure(options, zone)
  try {
    host.listeners.push(await host.listen(options, reception))
    return '; it listens where it did before'
  } catch (error) {
    if (!(error instanceof ListenError)) throw error
    return `; and where it was before: ${error.message}`
  }
}

function zoneOf({ zones }: ListenerHost, options: ListenerOptions): ZoneOptions {
  const zone = zones.get(options.zone)
  if (zone === undefined)
    throw new Error(`listener ${options.name}: there is no zone ${options.zone}`)
  return zone
}

function nameOf({ reception }: Listener): string {
  return reception.options.name
}

function pathOf(name: string): string {
  return `listeners.${name}`
}
