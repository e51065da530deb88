import * as z from 'zod'
import { durabilities, sharedSubscriptionStrategies } from '../channel/options.ts'
import { checkTopicName } from '../mqtt/topic.ts'
import { isMapping } from './draft.ts'
import { type Form, optional, patternOrVariable, textOf, Wrong } from './form.ts'
import { choice, flag, text } from './forms.ts'
import { decimal, duration, orNone, rate, seconds, size, whole } from './number-forms.ts'

/** Bytes: 256 MB, four below the largest packet that MQTT can write. */
const packetSizeMax = 256 * 1024 * 1024
/** Four bytes of seconds, whose largest value means for ever. [MQTT-3.1.2-23] */
const expiryMaxS = 0xffff_fffe
const countMax = 1_000_000_000

const qosForm: Form<0 | 1 | 2> = {
  wanted: '0, 1 or 2',
  json: { enum: [0, 1, 2, '0', '1', '2'] },
  read: (written) => {
    const qos = ['0', '1', '2'].indexOf(textOf(written))
    return qos < 0 ? new Wrong('is no QoS') : (qos as 0 | 1 | 2)
  },
}

const prioritiesForm: Form<ReadonlyMap<string, number> | null> = {
  wanted: 'a mapping of topics to 1 … 255, or none',
  json: {
    type: ['object', 'string'],
    additionalProperties: { type: ['integer', 'string'], minimum: 1, maximum: 255 },
    pattern: patternOrVariable('none'),
  },
  read: (written) => {
    if (written === 'none') return null
    if (!isMapping(written)) return new Wrong('is not a mapping')
    const priorities = new Map<string, number>()
    for (const [topic, value] of Object.entries(written)) {
      const priority = readPriority(topic, value)
      if (priority instanceof Wrong) return priority
      priorities.set(topic, priority)
    }
    return priorities.size === 0 ? null : priorities
  },
}

function readPriority(topic: string, value: unknown): number | Wrong {
  if (checkTopicName(topic) !== undefined) {
    return new Wrong('belongs to no valid topic', [topic], 'a topic name without + and #')
  }
  const read = whole({ min: 1, max: 255 }).read(value)
  return read instanceof Wrong
    ? new Wrong(read.because, [topic], 'a whole number from 1 to 255')
    : read
}

/** One zone, in the keys of the file. A key that is absent is inherited; null says none. */
export const zoneSchema = z.strictObject({
  max_packet_size: optional(size({ min: 64, max: packetSizeMax })),
  max_clientid_len: optional(whole({ min: 23, max: 65_535 })),
  max_topic_levels: optional(whole({ min: 1, max: 65_535 })),
  max_topic_alias: optional(whole({ min: 0, max: 65_535 })),
  max_qos_allowed: optional(qosForm),
  receive_maximum: optional(whole({ min: 1, max: 65_535 })),
  retain_available: optional(flag()),
  wildcard_subscription: optional(flag()),
  shared_subscription: optional(flag()),
  shared_subscription_strategy: optional(choice(sharedSubscriptionStrategies)),
  server_keepalive: optional(orNone(seconds({ min: 0, max: 65_535 }))),
  max_keepalive: optional(orNone(seconds({ min: 1, max: 65_535 }))),
  keepalive_multiplier: optional(decimal({ min: 1, max: 100 })),
  idle_timeout: optional(duration({ min: 1, max: 86_400_000, infinity: true })),
  session_expiry_interval: optional(seconds({ min: 0, max: expiryMaxS, infinity: true })),
  max_session_expiry_interval: optional(seconds({ min: 0, max: expiryMaxS, infinity: true })),
  max_subscriptions: optional(
    whole({ min: 1, max: countMax, infinity: true, zeroIsInfinity: true }),
  ),
  upgrade_qos: optional(flag()),
  max_inflight: optional(whole({ min: 1, max: 65_535 })),
  retry_interval: optional(duration({ min: 0, max: 86_400_000 })),
  max_awaiting_rel: optional(whole({ min: 1, max: 65_535 })),
  awaiting_rel_timeout: optional(duration({ min: 1000, max: countMax * 1000, infinity: true })),
  max_mqueue_len: optional(whole({ min: 1, max: countMax, infinity: true, zeroIsInfinity: true })),
  max_mqueue_bytes: optional(size({ min: 1024, max: 1024 ** 4, infinity: true })),
  mqueue_store_qos0: optional(flag()),
  durability: optional(choice(durabilities)),
  mqueue_priorities: optional(prioritiesForm),
  mqueue_default_priority: optional(choice(['lowest', 'highest'])),
  ignore_loop_deliver: optional(flag()),
  strict_mode: optional(flag()),
  use_username_as_clientid: optional(flag()),
  response_information: optional(text('a text of at most 65535 bytes', /^.{0,21845}$/su)),
  max_connections: optional(whole({ min: 1, max: 10_000_000, infinity: true })),
  max_conn_rate: optional(rate('count')),
  messages_rate: optional(rate('count')),
  bytes_rate: optional(rate('bytes')),
})

export type ZoneKeys = z.output<typeof zoneSchema>
