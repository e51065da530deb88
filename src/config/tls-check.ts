import { CredentialError, readCredentials } from '../listeners/tls/credentials.ts'
import type { Configuration } from './configuration.ts'
import { type Draft, isMapping, type Mapping } from './draft.ts'
import type { Path, Problem } from './problem.ts'

/** A complaint about what stands at a path. */
export type Report = (path: Path, message: string) => void

/** Finds what is wrong between the settings of `tls`, and with the listener's type. */
export function checkTls(listeners: readonly unknown[], report: Report): void {
  for (const [index, listener] of listeners.entries()) {
    if (!isMapping(listener)) continue
    const tls = isMapping(listener.tls) ? listener.tls : {}
    const path: Path = ['listeners', index]
    if (listener.type === 'tls' || listener.type === 'wss') checkSecure(tls, path, report)
    else checkPlain(listener, tls, path, report)
  }
}

/** Nobody believes that TLS is used where it is not. */
function checkPlain(listener: Mapping, tls: Mapping, path: Path, report: Report): void {
  if (!['certfile', 'keyfile', 'cacertfile', 'crlfile'].some((key) => isSet(tls[key]))) return
  if (listener.type !== undefined && listener.type !== 'tcp' && listener.type !== 'ws') return
  const wanted = listener.type === 'ws' ? 'wss' : 'tls'
  report([...path, 'tls'], `the type of this listener uses no TLS; wanted: type: ${wanted}`)
}

function checkSecure(tls: Mapping, path: Path, report: Report): void {
  for (const key of ['certfile', 'keyfile']) {
    if (isSet(tls[key])) continue
    report([...path, 'tls', key], `is missing; wanted: a path of a PEM file`)
  }
  const verifies = tls.verify === 'verify_peer'
  if (verifies && !isSet(tls.cacertfile)) {
    const wanted = 'wanted: the certificates that those of clients are signed with'
    report([...path, 'tls', 'cacertfile'], `is missing, and verify is verify_peer; ${wanted}`)
  }
  if (verifies) return
  const isOn = (key: string): boolean => tls[key] === true || tls[key] === 'true'
  const needing = [
    isSet(tls.crlfile) && 'crlfile',
    isOn('fail_if_no_peer_cert') && 'fail_if_no_peer_cert',
    (tls.peer_cert_as_username === 'cn' || tls.peer_cert_as_username === 'dn') &&
      'peer_cert_as_username',
  ]
  for (const key of needing) {
    if (key === false) continue
    report([...path, 'tls', key], 'no certificate is asked for; wanted: verify: verify_peer')
  }
}

function isSet(written: unknown): boolean {
  return written !== undefined && written !== null && written !== 'none'
}

/** Reads the files of all listeners, and answers what is wrong with them at `now`. */
export function checkTlsFiles(configuration: Configuration, draft: Draft, now: Date): Problem[] {
  return configuration.listeners.flatMap(({ tls }, index) => {
    if (tls === undefined) return []
    try {
      readCredentials(tls, now)
      return []
    } catch (error) {
      if (!(error instanceof CredentialError)) throw error
      return error.problems.map(({ message, path }) => {
        const whole = ['listeners', index, 'tls', ...path]
        return { place: draft.placeOf(whole), path: draft.describe(whole), message }
      })
    }
  })
}
