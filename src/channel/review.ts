import type { Session } from '../session/session.ts'
import type { Channel } from './channel.ts'
import type { Client } from './client.ts'

/**
 * The rules have changed, or the client is another one now: it goes (0x87, without its will) when it
 * may not stay, and what it may not subscribe to any more ends. MQTT has no way to tell it of that.
 */
export function reviewAccess(channel: Channel): void {
  const { client, session } = channel
  if (client === undefined || session === undefined || !channel.state.isOpen) return
  channel.now = channel.services.clock.now()
  const refusal = client.identity.review?.()
  if (refusal === undefined) return endForbidden(channel, client, session)
  const { because, code } = refusal
  channel.end({ code, because, by: 'server', publishWill: false })
}

/** Ends the subscriptions of a session that its client may not have; one log line for all of them. */
export function endForbidden(channel: Channel, client: Client, session: Session): void {
  const forbidden: string[] = []
  for (const [filter, { qos }] of session.subscriptions.entries()) {
    if (!client.identity.maySubscribe(filter, qos)) forbidden.push(filter)
  }
  if (forbidden.length === 0) return
  const { log, sessions } = channel.services
  for (const filter of forbidden) sessions.unsubscribe(session, filter)
  const fields = { clientId: client.clientId, count: forbidden.length, first: forbidden[0] }
  log.warn(fields, 'subscriptions ended: they are not allowed any more')
}
