import type { ChannelCounters } from '../channel/ports.ts'
import type { DropReason } from '../session/ports.ts'

/** What the broker counts since its start: plain fields, read as they are. */
export class Metrics implements ChannelCounters {
  bytesReceived = 0
  bytesSent = 0
  connectReceived = 0
  connackSent = 0
  connackRefused = 0
  publishReceived: [number, number, number] = [0, 0, 0]
  publishSent: [number, number, number] = [0, 0, 0]
  payloadReceived = 0
  payloadSent = 0
  acksReceived: [number, number, number, number] = [0, 0, 0, 0]
  acksSent: [number, number, number, number] = [0, 0, 0, 0]
  subscribeReceived = 0
  unsubscribeReceived = 0
  pingreqReceived = 0
  disconnectReceived = 0
  disconnectSent = 0
  authReceived = 0
  messagesNotAuthorized = 0
  messagesRefused = 0
  protocolErrors = 0
  keepAliveTimeouts = 0
  internalErrors = 0
  messagesWithoutSubscribers = 0
  messagesAcked = 0
  retainedRefused = 0
  awaitingRelExpired = 0
  sessionsEndedByLimit = 0
  sessionsExpired = 0
  readonly deliveriesDropped: Record<DropReason, number> = {
    queue_full: 0,
    qos0_msg: 0,
    expired: 0,
    no_local: 0,
    too_large: 0,
    session_end: 0,
  }
}
