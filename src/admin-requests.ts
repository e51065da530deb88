import { kickClient, listClients, showClient } from './admin/clients.ts'
import { type PageWish, pageLimitDefault, pageLimitMax } from './admin/page.ts'
import type { Administered } from './admin/ports.ts'
import { deleteRetained, getRetained, listRetained } from './admin/retained.ts'
import { dropSession, listSessions, type SessionWish, showSession } from './admin/sessions.ts'
import { statusOf, storeStatusOf } from './admin/status.ts'
import { listSubscriptions } from './admin/subscriptions.ts'
import type { JsonObject } from './base/json-object.ts'
import { type LogLevel, logLevels } from './base/logger.ts'
import type { ControlHandler, ControlHandlers } from './control/handlers.ts'
import { ControlError } from './control/protocol.ts'
import { checkTopicFilter, isSharedFilter } from './mqtt/topic.ts'

/** What operators ask of a running broker on its control socket: the rooms of src/admin, by name. */
export function adminRequests(administered: Administered): ControlHandlers {
  const { broker, clock } = administered
  return {
    status: () => statusOf(broker, clock, administered.process()),
    health: () => healthOf(administered),
    'clients.list': ({ parameters }) => listClients(broker, sessionWish(parameters)),
    'clients.show': ({ parameters }) => {
      const clientId = wantedText(parameters, 'clientid')
      return found(showClient(broker, clientId), `no client ${quoted(clientId)} is connected`)
    },
    'clients.kick': ({ parameters }) => {
      const clientId = wantedText(parameters, 'clientid')
      done(kickClient(broker, clientId), `no client ${quoted(clientId)} is connected`)
      return { kicked: clientId }
    },
    'sessions.list': ({ parameters }) => listSessions(broker, sessionWish(parameters)),
    'sessions.show': ({ parameters }) => {
      const clientId = wantedText(parameters, 'clientid')
      return found(showSession(broker, clientId), `no client ${quoted(clientId)} has a session`)
    },
    'sessions.drop': async ({ parameters, signal }) => {
      const clientId = wantedText(parameters, 'clientid')
      done(dropSession(broker, clientId), `no client ${quoted(clientId)} has a session`)
      await safe(administered, signal)
      return { dropped: clientId }
    },
    'subscriptions.list': ({ parameters }) => {
      const clientId = text(parameters, 'clientid')
      const page = listSubscriptions(broker, { ...sessionWish(parameters), clientId })
      return found(page, `no client ${quoted(clientId ?? '')} has a session`)
    },
    ...retainedRequests(administered),
    'listeners.list': () => ({ data: administered.listeners() }),
    log_level: logLevelHandler(administered),
    reload: async () => {
      if (administered.reload !== undefined) return administered.reload()
      throw new ControlError('refused', 'this broker was given its configuration by a program')
    },
  }
}

function retainedRequests(administered: Administered): ControlHandlers {
  const { broker, clock } = administered
  return {
    'retained.list': ({ parameters }) => {
      const filter = text(parameters, 'filter')
      if (filter !== undefined && !isPlainFilter(filter)) {
        throw wrong('filter', 'a topic filter without $share')
      }
      return listRetained(broker, clock, { ...pageWish(parameters), filter })
    },
    'retained.get': async ({ parameters }) => {
      const topic = wantedText(parameters, 'topic')
      const offset = whole(parameters, 'offset', 0, Number.MAX_SAFE_INTEGER) ?? 0
      const content = await getRetained(broker, clock, topic, offset)
      const told = found(content, `no message is retained for ${quoted(topic)}`)
      return { ...told, payload: told.payload.toString('base64') }
    },
    'retained.delete': async ({ parameters, signal }) => {
      const topic = wantedText(parameters, 'topic')
      done(deleteRetained(broker, topic), `no message is retained for ${quoted(topic)}`)
      await safe(administered, signal)
      return { deleted: topic }
    },
  }
}

function isPlainFilter(filter: string): boolean {
  return checkTopicFilter(filter) === undefined && !isSharedFilter(filter)
}

/** What keeps the broker from doing its work, as far as it knows; where it listens, to try it. */
function healthOf(administered: Administered): object {
  const { storeBackend } = administered.process()
  const store = storeStatusOf(administered.broker, storeBackend)
  const listening = administered.listeners().filter(({ state }) => state === 'listening')
  return {
    store,
    listeners: listening.map(({ address, name, port, type }) => ({ name, type, address, port })),
  }
}

/** Answers the level; sets it first where one is given, until the next start or reload. */
function logLevelHandler({ log }: Administered): ControlHandler {
  return ({ parameters }) => {
    if (log === undefined) {
      throw new ControlError('refused', 'the log belongs to the program that has this broker')
    }
    const level = text(parameters, 'level')
    if (level === undefined) return { level: log.level }
    if (!logLevels.includes(level as LogLevel)) throw wrong('level', logLevels.join(', '))
    const before = log.level
    log.level = level as LogLevel
    return { level, before }
  }
}

/** Resolves when what was changed outlives the process, or when nobody waits for it any more. */
async function safe({ broker }: Administered, signal: AbortSignal): Promise<void> {
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
  await Promise.race([broker.journal.flush(), aborted])
}

function sessionWish(parameters: JsonObject): SessionWish {
  return {
    ...pageWish(parameters),
    clientIdPrefix: text(parameters, 'clientid_prefix'),
    usernamePrefix: text(parameters, 'username_prefix'),
  }
}

function pageWish(parameters: JsonObject): PageWish {
  return {
    cursor: whole(parameters, 'cursor', 0, Number.MAX_SAFE_INTEGER) ?? 0,
    limit: whole(parameters, 'limit', 1, pageLimitMax) ?? pageLimitDefault,
  }
}

function whole(parameters: JsonObject, name: string, min: number, max: number): number | undefined {
  const value = parameters[name]
  if (value === undefined) return undefined
  if (Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max) {
    return Number(value)
  }
  throw wrong(name, `a whole number from ${min} to ${max}`)
}

function text(parameters: JsonObject, name: string): string | undefined {
  const value = parameters[name]
  if (value === undefined || typeof value === 'string') return value
  throw wrong(name, 'a text')
}

function wantedText(parameters: JsonObject, name: string): string {
  const value = text(parameters, name)
  if (value === undefined) throw wrong(name, 'a text')
  return value
}

function found<T extends object>(value: T | undefined, otherwise: string): T {
  if (value === undefined) throw new ControlError('not_found', otherwise)
  return value
}

function done(isDone: boolean, otherwise: string): void {
  if (!isDone) throw new ControlError('not_found', otherwise)
}

function wrong(name: string, wanted: string): ControlError {
  return new ControlError('wrong_parameters', `${name}: wanted is ${wanted}`)
}

function quoted(value: string): string {
  return JSON.stringify(value)
}
