import type { Broker } from '../broker/broker.ts'
import type { Metrics } from '../broker/metrics.ts'
import type { ProcessFigures } from './sys-tree.ts'

/** Whole numbers: counts since the start, or what there is now. */
export type SysValue = number

const ackNames = ['puback', 'pubrec', 'pubrel', 'pubcomp'] as const

/**
 * What there is to tell, by the topic under `$SYS/broker/`, in mosquitto's words; `connections` and
 * `sockets` are counted for their averages.
 */
export function sysValues(
  broker: Broker,
  process: ProcessFigures,
  clientsMax: number,
  rssMax: number,
): Map<string, SysValue> {
  const { metrics, retainer, router, sessions } = broker
  const connected = sessions.connectedCount
  const disconnected = sessions.count - connected
  const { messages: queued, bytes: queuedBytes } = broker.queued
  return new Map<string, SysValue>([
    ['clients/total', sessions.count],
    ['clients/maximum', clientsMax],
    ['clients/connected', connected],
    ['clients/active', connected],
    ['clients/disconnected', disconnected],
    ['clients/inactive', disconnected],
    ['clients/expired', metrics.sessionsExpired],
    ['connections/socket/count', process.sockets],
    ['connections', metrics.connectReceived],
    ['sockets', process.socketsOpened],
    ['messages/received', packetsReceived(metrics)],
    ['messages/sent', packetsSent(metrics)],
    ['messages/stored', retainer.count + queued],
    ['store/messages/count', retainer.count + queued],
    ['store/messages/bytes', retainer.bytes + queuedBytes],
    ['publish/messages/received', sum(metrics.publishReceived)],
    ['publish/messages/sent', sum(metrics.publishSent)],
    ['publish/messages/dropped', sum(Object.values(metrics.deliveriesDropped))],
    ['publish/bytes/received', metrics.payloadReceived],
    ['publish/bytes/sent', metrics.payloadSent],
    ['bytes/received', metrics.bytesReceived],
    ['bytes/sent', metrics.bytesSent],
    ['retained messages/count', retainer.count],
    ['subscriptions/count', router.subscriptionCount],
    ['shared_subscriptions/count', router.sharedSubscriptionCount],
    ['heap/current', process.rssBytes],
    ['heap/maximum', rssMax],
    ...packetCounts(metrics),
  ])
}

/** By the type of packet; what has no counter of its own is as many as what it answers. */
function packetCounts(metrics: Metrics): [topic: string, value: number][] {
  const counts: [string, number][] = [
    ['mqtt/connect/received', metrics.connectReceived],
    ['mqtt/connack/sent', metrics.connackSent],
    ['mqtt/publish/received', sum(metrics.publishReceived)],
    ['mqtt/publish/sent', sum(metrics.publishSent)],
    ['mqtt/subscribe/received', metrics.subscribeReceived],
    ['mqtt/unsubscribe/received', metrics.unsubscribeReceived],
    ['mqtt/pingreq/received', metrics.pingreqReceived],
    ['mqtt/disconnect/received', metrics.disconnectReceived],
    ['mqtt/disconnect/sent', metrics.disconnectSent],
    ['mqtt/auth/received', metrics.authReceived],
  ]
  ackNames.forEach((name, i) => {
    counts.push([`mqtt/${name}/received`, metrics.acksReceived[i as 0 | 1 | 2 | 3]])
    counts.push([`mqtt/${name}/sent`, metrics.acksSent[i as 0 | 1 | 2 | 3]])
  })
  return counts
}

function packetsReceived(metrics: Metrics): number {
  const { authReceived, connectReceived, disconnectReceived, pingreqReceived } = metrics
  const { acksReceived, publishReceived, subscribeReceived, unsubscribeReceived } = metrics
  const asked = subscribeReceived + unsubscribeReceived + pingreqReceived
  const around = connectReceived + disconnectReceived + authReceived
  return sum(publishReceived) + sum(acksReceived) + asked + around
}

/** SUBACK, UNSUBACK and PINGRESP are as many as what they answer. */
function packetsSent(metrics: Metrics): number {
  const { acksSent, connackSent, disconnectSent, publishSent } = metrics
  const { pingreqReceived, subscribeReceived, unsubscribeReceived } = metrics
  const answers = subscribeReceived + unsubscribeReceived + pingreqReceived
  return sum(publishSent) + sum(acksSent) + answers + connackSent + disconnectSent
}

function sum(values: readonly number[]): number {
  let total = 0
  for (const value of values) total += value
  return total
}
