import { formatBind, isLoopback, parseListenerBind } from './bind.ts'
import type { Configuration } from './configuration.ts'
import { type Draft, isMapping } from './draft.ts'
import { Wrong } from './form.ts'
import { inWords } from './forms.ts'
import { nameForm } from './listener-schema.ts'
import type { Path, Problem } from './problem.ts'
import { suggest } from './suggest.ts'
import { checkTls } from './tls-check.ts'

/**
 * Finds what is wrong between settings each of which may be right by itself. It reads the draft, so
 * that these problems come together with those of single values, which it passes over.
 */
export function crossCheck(draft: Draft): Problem[] {
  const reporter = new Reporter(draft)
  const zones = draft.at(['zones'])
  const zoneNames = ['default', ...Object.keys(isMapping(zones) ? zones : {})]
  for (const name of zoneNames) {
    if (!(nameForm.read(name) instanceof Wrong)) continue
    reporter.reportKey(['zones', name], `is no name for a zone; wanted: ${nameForm.wanted}`)
  }
  checkRedisTls(draft, reporter)
  const listeners = draft.at(['listeners'])
  if (!Array.isArray(listeners)) return reporter.problems
  if (listeners.length === 0) {
    reporter.report(['listeners'], 'is an empty list; wanted: at least one listener')
  }
  checkNames(listeners, reporter)
  checkTls(listeners, (path, message) => reporter.report(path, message))
  checkZoneNames(listeners, [...new Set(zoneNames)], reporter)
  checkBinds(listeners, isDecided(draft.at(['auth'])) === true, reporter)
  return reporter.problems
}

/** Finds what is wrong between the settings of a zone, inherited ones included. */
export function checkZoneOptions(configuration: Configuration, draft: Draft): Problem[] {
  const reporter = new Reporter(draft)
  for (const [name, zone] of configuration.zones) {
    const { receiveMaximum, serverKeepAliveS, keepAliveMaxS } = zone.channel
    const { awaitingRelMax } = zone.session
    if (awaitingRelMax < receiveMaximum) {
      const message = `${awaitingRelMax} is below receive_maximum; wanted: at least ${receiveMaximum}`
      reporter.report(['zones', name, 'max_awaiting_rel'], message)
    }
    if (keepAliveMaxS !== undefined && (serverKeepAliveS ?? 0) > keepAliveMaxS) {
      const message = `${serverKeepAliveS}s is above max_keepalive; wanted: at most ${keepAliveMaxS}s`
      reporter.report(['zones', name, 'server_keepalive'], message)
    }
  }
  return reporter.problems
}

class Reporter {
  readonly problems: Problem[] = []
  readonly #draft: Draft

  constructor(draft: Draft) {
    this.#draft = draft
  }

  report(path: Path, message: string): void {
    this.problems.push({
      place: this.#draft.placeOf(path),
      path: this.#draft.describe(path),
      message,
    })
  }

  /** Complains about the key at the end of a path, not about its value. */
  reportKey(path: Path, message: string): void {
    const place = this.#draft.keyPlaceOf(path)
    this.problems.push({ place, path: this.#draft.describe(path), message })
  }
}

/** Nobody believes that TLS is used where it is not. */
function checkRedisTls(draft: Draft, reporter: Reporter): void {
  const isGiven = (key: string): boolean => {
    const file = draft.at(['store', 'tls', key])
    return file !== undefined && file !== 'none'
  }
  const given = ['cacertfile', 'certfile', 'keyfile'].filter(isGiven)
  const url = draft.at(['store', 'url'])
  if (given.length > 0 && !(typeof url === 'string' && url.startsWith('rediss:'))) {
    reporter.report(['store', 'tls'], 'store.url does not ask for TLS; wanted: rediss://host:port')
  }
  if (given.includes('certfile') !== given.includes('keyfile')) {
    reporter.report(['store', 'tls'], 'wanted: certfile and keyfile, or neither')
  }
}

/** The texts that the listeners have under a key, by their places in the list. */
function textsOf(listeners: readonly unknown[], key: string): [index: number, text: string][] {
  return listeners.flatMap((listener, index) => {
    const text = isMapping(listener) ? listener[key] : undefined
    return typeof text === 'string' ? [[index, text] as [number, string]] : []
  })
}

function checkNames(listeners: readonly unknown[], reporter: Reporter): void {
  const seen = new Map<string, number>()
  for (const [index, name] of textsOf(listeners, 'name')) {
    const first = seen.get(name.toLowerCase())
    if (first === undefined) seen.set(name.toLowerCase(), index)
    else {
      const message = `is the name of listener ${first + 1} already; wanted: a name of its own`
      reporter.report(['listeners', index, 'name'], message)
    }
  }
}

function checkZoneNames(listeners: readonly unknown[], zones: string[], reporter: Reporter): void {
  for (const [index, zone] of textsOf(listeners, 'zone')) {
    if (zones.includes(zone)) continue
    const meant = suggest(zone, zones)
    const wanted = meant === undefined ? `wanted: ${inWords(zones)}` : `did you mean ${meant}?`
    reporter.report(['listeners', index, 'zone'], `there is no such zone; ${wanted}`)
  }
}

/** Nobody shares a port, and nobody lets strangers in by oversight: that takes a decision. */
function checkBinds(listeners: readonly unknown[], isForAll: boolean, reporter: Reporter): void {
  const seen = new Map<string, number>()
  for (const [index, text] of textsOf(listeners, 'bind')) {
    const bind = parseListenerBind(text)
    if (typeof bind === 'string') continue
    const isUnix = 'unixPath' in bind
    const first = !isUnix && bind.port === 0 ? undefined : seen.get(formatBind(bind))
    if (first !== undefined) {
      const message = `is where listener ${first + 1} listens already; wanted: another ${isUnix ? 'path' : 'port'}`
      reporter.report(['listeners', index, 'bind'], message)
    } else seen.set(formatBind(bind), index)
    const listener: unknown = listeners[index]
    const own = isMapping(listener) ? isDecided(listener.auth) : undefined
    if ((own ?? isForAll) || isUnix || isLoopback(bind.host)) continue
    const message =
      'other machines can reach this address, and clients need no password; wanted: ' +
      'auth.password_file, or auth.allow_anonymous: true (environment ' +
      'MQTT_BROKER__AUTH__ALLOW_ANONYMOUS=true) if that is meant, or an address of this machine ' +
      'only, such as 127.0.0.1'
    reporter.report(['listeners', index, 'bind'], message)
  }
}

/** Whether a section `auth` says who may connect; undefined when it says nothing at all. */
function isDecided(auth: unknown): boolean | undefined {
  if (!isMapping(auth) || Object.keys(auth).length === 0) return undefined
  const file = auth.password_file
  const hasFile = file !== undefined && file !== null && file !== 'none'
  return hasFile || auth.allow_anonymous !== undefined
}
