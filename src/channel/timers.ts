import { ReasonCode } from '../mqtt/reason-code.ts'
import type { Channel } from './channel.ts'

/** Milliseconds from CONNECT that a storm of logins, or a slow store, may take to settle it. */
const settleMsMax = 60_000

/**
 * Ends the connection when its CONNECT does not come in time. While it is we who think about a
 * CONNECT that came, it may take longer, up to a limit of ours.
 */
export function watchForConnect(channel: Channel): void {
  const { idleTimeoutMs } = channel.zone.channel
  if (idleTimeoutMs === Number.POSITIVE_INFINITY) return
  const end = (code: ReasonCode, because: string): void =>
    channel.end({ code, because, by: 'server', publishWill: false })
  channel.watchdog = channel.schedule(channel.now + idleTimeoutMs, () => {
    if (channel.state.name !== 'opening') {
      const what = channel.sawConnect ? 'no AUTH' : 'no whole CONNECT'
      return end(ReasonCode.KeepAliveTimeout, `${what} within ${idleTimeoutMs} ms`)
    }
    channel.watchdog = channel.schedule(channel.lastSeen + settleMsMax, () =>
      end(ReasonCode.ServerUnavailable, `CONNECT was not settled within ${settleMsMax} ms`),
    )
  })
}

/**
 * Starts what an accepted client is watched by: keep alive, and where the zone asks for them the
 * retries of 3.x and the expiry of awaiting-rel ids. A packet does not touch a timer: it moves
 * `lastSeen`, and the watchdog looks at that when it is due.
 */
export function startTimers(channel: Channel): void {
  const { client, zone } = channel
  if (client === undefined) return
  if (client.keepAlive > 0) {
    const at = channel.lastSeen + silenceMaxMs(channel)
    channel.watchdog = channel.schedule(at, () => keepAliveDue(channel))
  }
  const retries = client.protocolVersion < 5 && zone.session.retryIntervalMs > 0
  const forgets = zone.session.awaitingRelTimeoutMs < Number.POSITIVE_INFINITY
  if (!retries && !forgets) return
  const everyMs = Math.min(
    retries ? zone.session.retryIntervalMs : Number.POSITIVE_INFINITY,
    forgets ? zone.session.awaitingRelTimeoutMs : Number.POSITIVE_INFINITY,
  )
  channel.chores = channel.schedule(channel.now + everyMs, () => doChores(channel, everyMs))
}

/**
 * Ends the connection after `keepalive_multiplier` × Keep Alive without a packet. While it is we who
 * do not read, silence proves nothing. [MQTT-3.1.2-22]
 */
function keepAliveDue(channel: Channel): void {
  const { now } = channel
  const deadline = channel.lastSeen + silenceMaxMs(channel)
  if (now >= deadline && !channel.accepting) channel.lastSeen = now
  else if (now >= deadline) {
    channel.services.counters.keepAliveTimeouts++
    const because = `nothing came for ${Math.round(silenceMaxMs(channel) / 1000)} s`
    channel.end({ code: ReasonCode.KeepAliveTimeout, because, by: 'server', publishWill: true })
    return
  }
  if (channel.watchdog !== undefined) {
    channel.services.deadlines.move(channel.watchdog, channel.lastSeen + silenceMaxMs(channel))
  }
}

function silenceMaxMs(channel: Channel): number {
  return (channel.client?.keepAlive ?? 0) * channel.zone.channel.keepAliveMultiplier * 1000
}

function doChores(channel: Channel, everyMs: number): void {
  const { now, session } = channel
  if (session === undefined) return
  const next = Math.min(
    session.retry(now) ?? Number.POSITIVE_INFINITY,
    session.expireAwaitingRel(now) ?? Number.POSITIVE_INFINITY,
    now + everyMs,
  )
  if (channel.chores !== undefined)
    channel.services.deadlines.move(channel.chores, Math.max(next, now + 1))
}
