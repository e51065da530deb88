import type { Message } from '../mqtt/message.ts'
import type { Delivery, QoS } from '../mqtt/subscription.ts'

/** The QoS at which a message goes out: the lower of the two, or the higher with `upgrade_qos`. [MQTT-3.8.4-8] */
export function effectiveQoS(published: QoS, subscribed: QoS, upgrades: boolean): QoS {
  return published < subscribed === upgrades ? subscribed : published
}

/** RETAIN of an outgoing PUBLISH. [MQTT-3.3.1-8] [MQTT-3.3.1-12] [MQTT-3.3.1-13] */
export function mustRetain(message: Message, delivery: Delivery): boolean {
  return message.retain && (message.isRetained || delivery.retainAsPublished)
}
