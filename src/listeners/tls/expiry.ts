import type { Logger } from '../../base/logger.ts'
import type { Dated } from './credentials.ts'

const dayMs = 86_400_000
/** Days before the end of a certificate from which on there are warnings. */
const warnDays = 14

/**
 * Warns of certificates that end soon, and says which have ended; a list of revoked certificates is
 * used after its end too, but then it is out of date.
 */
export function warnOfEnds(
  dated: readonly Dated[],
  listener: string,
  nowMs: number,
  log: Logger,
): void {
  for (const { file, key, kind, validTo } of dated) {
    const leftMs = validTo.getTime() - nowMs
    const fields = { listener, key, file, validTo: validTo.toISOString() }
    if (kind === 'list') {
      if (leftMs < 0) log.warn(fields, 'a list of revoked certificates is out of date')
    } else if (leftMs < 0) log.error(fields, 'a certificate has expired')
    else if (leftMs < warnDays * dayMs) {
      log.warn({ ...fields, daysLeft: Math.floor(leftMs / dayMs) }, 'a certificate expires soon')
    }
  }
}
