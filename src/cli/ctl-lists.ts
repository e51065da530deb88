import { pageLimitMax } from '../admin/page.ts'
import { isJsonObject, type JsonObject } from '../base/json-object.ts'
import { type Ask, type BrokerFlags, onBroker, print, printJson } from './ctl.ts'
import { ExitCode } from './exit-code.ts'
import { type Columns, tableOf } from './table.ts'

/** What a list is cut down to. */
export interface ListFlags extends BrokerFlags {
  /** Rows at most; `Infinity` for all. */
  readonly limit: number
}

/** Shows a list: its pages until the limit is reached, as a table or as JSON. */
export function showList(
  flags: ListFlags,
  request: string,
  parameters: object,
  columns: Columns,
): Promise<ExitCode> {
  return onBroker(flags, async (ask) => {
    const { count, data, hasMore } = await collect(ask, request, parameters, flags.limit)
    if (flags.json) {
      const meta = { ...(count !== undefined && { count }), hasnext: hasMore }
      printJson({ data, meta })
      return ExitCode.Ok
    }
    print(tableOf(columns, data))
    if (hasMore) {
      const of = count === undefined ? '' : ` of ${count}`
      process.stderr.write(`${data.length}${of} shown; for more: --limit <number> or infinity\n`)
    }
    return ExitCode.Ok
  })
}

interface Collected {
  readonly data: readonly JsonObject[]
  readonly count: number | undefined
  readonly hasMore: boolean
}

async function collect(
  ask: Ask,
  request: string,
  parameters: object,
  limit: number,
): Promise<Collected> {
  const data: JsonObject[] = []
  let count: number | undefined
  let cursor: unknown = 0
  while (cursor !== undefined && data.length < limit) {
    const pageLimit = Math.min(pageLimitMax, limit - data.length)
    const page = await ask(request, { ...parameters, cursor, limit: pageLimit })
    if (Array.isArray(page.data)) data.push(...page.data.filter(isJsonObject))
    const meta: JsonObject = isJsonObject(page.meta) ? page.meta : {}
    if (typeof meta.count === 'number') count = meta.count
    cursor = meta.next
  }
  return { data, count, hasMore: cursor !== undefined }
}

export const clientColumns: Columns = [
  ['clientid', 'CLIENT'],
  ['username', 'USER'],
  ['ip_address', 'ADDRESS'],
  ['port', 'PORT'],
  ['listener', 'LISTENER'],
  ['zone', 'ZONE'],
  ['proto_ver', 'VERSION'],
  ['keepalive', 'KEEPALIVE'],
  ['subscriptions_cnt', 'SUBSCRIPTIONS'],
  ['inflight_cnt', 'INFLIGHT'],
  ['mqueue_len', 'QUEUED'],
  ['connected_at', 'CONNECTED AT'],
]

export const sessionColumns: Columns = [
  ['clientid', 'CLIENT'],
  ['username', 'USER'],
  ['connected', 'CONNECTED'],
  ['zone', 'ZONE'],
  ['durable', 'DURABLE'],
  ['expiry_interval', 'EXPIRY (s)'],
  ['subscriptions_cnt', 'SUBSCRIPTIONS'],
  ['inflight_cnt', 'INFLIGHT'],
  ['mqueue_len', 'QUEUED'],
  ['mqueue_bytes', 'SIZE'],
  ['disconnected_at', 'DISCONNECTED AT'],
]

export const subscriptionColumns: Columns = [
  ['clientid', 'CLIENT'],
  ['topic', 'TOPIC FILTER'],
  ['qos', 'QOS'],
  ['nl', 'NO LOCAL'],
  ['rap', 'RETAIN AS PUBLISHED'],
  ['rh', 'RETAIN HANDLING'],
  ['subid', 'ID'],
]

export const retainedColumns: Columns = [
  ['topic', 'TOPIC'],
  ['qos', 'QOS'],
  ['size', 'BYTES'],
  ['from_clientid', 'FROM'],
  ['publish_at', 'PUBLISHED AT'],
  ['expires_at', 'EXPIRES AT'],
]

export const listenerColumns: Columns = [
  ['name', 'LISTENER'],
  ['type', 'TYPE'],
  ['address', 'ADDRESS'],
  ['port', 'PORT'],
  ['zone', 'ZONE'],
  ['state', 'STATE'],
  ['connections', 'CONNECTIONS'],
  ['max_connections', 'MAXIMUM'],
]
