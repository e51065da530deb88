import { resolve as resolvePath } from 'node:path'
import type { TlsOptions } from '../listeners/tls/options.ts'
import type { Path } from './problem.ts'
import type { HomeOf } from './resolve.ts'
import type { TlsKeys } from './tls-schema.ts'

/** `tls` of a listener with its defaults filled in; `path` is where it stands. */
export function tlsOptions(keys: TlsKeys, path: Path, homeOf: HomeOf): TlsOptions {
  const absolute = (file: string | null | undefined, ...at: Path): string | undefined =>
    file === null || file === undefined ? undefined : resolvePath(homeOf([...path, ...at]), file)
  const versions = keys.versions ?? ['TLSv1.2', 'TLSv1.3']
  return {
    // `crossCheck` refuses a listener without them.
    certFile: absolute(keys.certfile, 'certfile') ?? '',
    keyFile: absolute(keys.keyfile, 'keyfile') ?? '',
    caFile: absolute(keys.cacertfile, 'cacertfile'),
    crlFile: absolute(keys.crlfile, 'crlfile'),
    verifiesPeer: keys.verify === 'verify_peer',
    requiresPeer: keys.fail_if_no_peer_cert ?? false,
    usernameFrom: keys.peer_cert_as_username ?? 'disabled',
    minVersion: versions.includes('TLSv1.2') ? 'TLSv1.2' : 'TLSv1.3',
    maxVersion: versions.includes('TLSv1.3') ? 'TLSv1.3' : 'TLSv1.2',
    ciphers: keys.ciphers ?? undefined,
    sni: (keys.sni ?? []).map((host, index) => ({
      hostname: host.hostname.toLowerCase(),
      certFile: absolute(host.certfile, 'sni', index, 'certfile') ?? '',
      keyFile: absolute(host.keyfile, 'sni', index, 'keyfile') ?? '',
    })),
    reloadsOnChange: keys.reload_on_change ?? false,
  }
}
