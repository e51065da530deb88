import { globalDirectives } from './global-directives.ts'
import { listenerDirectives } from './listener-directives.ts'
import { type ListenerPlan, Plan, type Remark } from './plan.ts'
import type { Directive } from './read-conf.ts'
import { writeZone } from './write-zone.ts'

/** A zone.yaml made of a mosquitto.conf. */
export interface Converted {
  /** YAML, with the place that each setting comes from. */
  readonly text: string
  /** Lines without a counterpart, and those that mean something else here, in their order. */
  readonly remarks: readonly Remark[]
}

/** What belongs to the broker unless `per_listener_settings` gives it to listeners. */
const securityKeys = new Set(
  'allow_anonymous password_file acl_file psk_file plugin auth_plugin'.split(' '),
)
const pluginOption = /^(?:auth_opt_|plugin_opt_)/

/** Makes a zone.yaml of a mosquitto.conf; where mosquitto's defaults are others, they are written. */
export function convert(directives: readonly Directive[]): Converted {
  const isPerListener = directives.some(
    ({ key, value }) => key === 'per_listener_settings' && /^(?:true|1)$/i.test(value),
  )
  const plan = new Plan(isPerListener)
  for (const directive of directives) apply(plan, directive)
  chooseListeners(plan)
  for (const listener of plan.listeners) finishListener(plan, listener)
  finishBroker(plan)
  const kept = plan.listeners.filter(({ impossible }) => impossible === undefined)
  const order = new Map(directives.map((directive, index) => [directive, index]))
  const remarks = [...plan.remarks].sort(
    (a, b) => (order.get(a.directive) ?? 0) - (order.get(b.directive) ?? 0),
  )
  return { text: writeZone(plan, kept, remarks), remarks }
}

function apply(plan: Plan, directive: Directive): void {
  const { key, value } = directive
  if (value === '') return plan.remark(directive, 'has no value, so it says nothing')
  const ofListener = listenerDirectives[key]
  if (ofListener !== undefined) {
    const belongsToListener = plan.isPerListener || !securityKeys.has(key)
    if (key !== 'listener' && plan.isAtDefault && belongsToListener) plan.isDefaultUsed = true
    return ofListener(plan, directive)
  }
  const ofBroker = globalDirectives[key]
  if (ofBroker !== undefined) return ofBroker(plan, directive)
  if (pluginOption.test(key)) return plan.remark(directive, 'no counterpart; there are no plugins')
  plan.remark(directive, 'mosquitto 2.0 does not know it either')
}

/** Without any listener option mosquitto serves its own machine only, without passwords. */
function chooseListeners(plan: Plan): void {
  const [first] = plan.listeners as [ListenerPlan]
  const isLocal = plan.listeners.length === 1 && !plan.isDefaultUsed
  if (!plan.isDefaultUsed && plan.listeners.length > 1) plan.listeners.shift()
  first.port ??= 1883
  if (!isLocal) return
  first.host = '127.0.0.1'
  const why = "mosquitto's default without a listener"
  const auth = plan.isPerListener ? first.auth : plan.auth
  auth.setDefault('allow_anonymous', 'true', why)
}

function finishListener(plan: Plan, listener: ListenerPlan): void {
  const { from, requiresCertificate, tls } = listener
  if (listener.hasPsk && tls.isEmpty) {
    listener.impossible ??= 'it was protected by a pre-shared key, and is not opened without'
  }
  if (listener.impossible !== undefined && from !== undefined) {
    plan.remark(from, `left out: ${listener.impossible}`)
  }
  if (!tls.isEmpty && !tls.settings.has('certfile')) {
    if (from !== undefined) plan.remark(from, 'has TLS options but no certfile, so it has no TLS')
    tls.settings.clear()
  }
  if (!tls.isEmpty) {
    if (requiresCertificate === undefined) tls.setDefault('verify', 'verify_none')
    else {
      tls.set('verify', 'verify_peer', requiresCertificate)
      tls.set('fail_if_no_peer_cert', 'true', requiresCertificate)
    }
  }
  if (plan.isPerListener) listener.auth.setDefault('allow_anonymous', 'false')
}

/** What is not said has mosquitto's default. */
function finishBroker(plan: Plan): void {
  plan.auth.setDefault('allow_anonymous', 'false')
  if (plan.hasPlugin && plan.acl.isEmpty) {
    plan.acl.setDefault(
      'no_match',
      'deny',
      'a plugin decided: nothing is allowed until rules are here',
    )
  }
  plan.store.setDefault('backend', 'memory')
  const { zone } = plan
  zone.setDefault('max_inflight', '20')
  zone.setDefault('max_packet_size', '256MB')
  zone.setDefault('max_mqueue_bytes', 'infinity')
  zone.setDefault('mqueue_store_qos0', 'false')
  zone.setDefault('session_expiry_interval', 'infinity')
  zone.setDefault('max_topic_levels', '200')
  zone.setDefault('max_topic_alias', '10')
  plan.retainer.setDefault('max_payload_size', '255MB')
}
