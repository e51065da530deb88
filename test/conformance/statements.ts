import { statements3 } from './statements-3.ts'
import { statements5 } from './statements-5.ts'

/** Who must keep a statement; `note`: nothing that a test could show. */
export type Side = 'server' | 'client' | 'both' | 'note'

/** One normative statement of the specification. */
export interface Statement {
  /** As test titles write it: `MQTT-3.1.2-22` of 5.0, `MQTT3-3.1.2-24` of 3.1.1. */
  readonly id: string
  readonly version: '5.0' | '3.1.1'
  readonly side: Side
  readonly summary: string
  /** The statement of 5.0 whose tests serve this one too. */
  readonly sameAs: string | undefined
}

/** Every statement of MQTT 5.0, then every one of 3.1.1, in the order of the specifications. */
export const statements: readonly Statement[] = [
  ...parse(statements5, '5.0'),
  ...parse(statements3, '3.1.1'),
]

function parse(table: string, version: '5.0' | '3.1.1'): Statement[] {
  const prefix = version === '5.0' ? 'MQTT-' : 'MQTT3-'
  return table
    .trim()
    .split('\n')
    .map((line) => {
      const [id, side, summary, same] = line.split(' | ').map((cell) => cell.trim())
      return {
        id: prefix + id,
        version,
        side: side as Side,
        summary: summary ?? '',
        sameAs: same === undefined ? undefined : `MQTT-${same}`,
      }
    })
}
