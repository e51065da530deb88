import { yamlText } from './plan.ts'
import { type Apply, always, flagOf, nothing, withNumber } from './values.ts'

const packetBytesMax = 256 * 1024 * 1024
/** What a topic and properties may add to a payload, roughly. */
const headBytes = 64 * 1024

const bridge = nothing('there are no bridges in this version')

/** Directives of the whole broker, and of bridges. */
export const globalDirectives: Readonly<Record<string, Apply>> = {
  per_listener_settings: () => {
    // Read before everything else.
  },
  persistence: (plan, directive) => {
    const isOn = flagOf(plan, directive)
    if (isOn !== undefined) plan.store.set('backend', isOn ? 'embedded' : 'memory', directive)
  },
  persistence_location: (plan, directive) => {
    plan.node.set('data_dir', yamlText(directive.value), directive)
    plan.remark(directive, 'is node.data_dir; mosquitto.db is not read, sessions begin anew')
  },
  persistence_file: nothing('the store is a folder below node.data_dir'),
  autosave_interval: always('what is acknowledged is on disk already (zones: durability)'),
  autosave_on_changes: always('what is acknowledged is on disk already (zones: durability)'),
  max_inflight_messages: withNumber(0, 65_535, (plan, value, directive) => {
    plan.zone.set('max_inflight', `${value === 0 ? 65_535 : value}`, directive)
  }),
  max_inflight_bytes: nothing('max_inflight counts messages'),
  max_queued_messages: withNumber(0, 1_000_000_000, (plan, value, directive) => {
    plan.zone.set('max_mqueue_len', value === 0 ? 'infinity' : `${value}`, directive)
  }),
  max_queued_bytes: withNumber(0, 1024 ** 4, (plan, value, directive) => {
    const bytes = value === 0 ? 'infinity' : `${Math.max(value, 1024)}`
    plan.zone.set('max_mqueue_bytes', bytes, directive)
  }),
  message_size_limit: withNumber(0, packetBytesMax - headBytes, (plan, value, directive) => {
    if (value === 0) return
    plan.zone.setDefault(
      'max_packet_size',
      `${value + headBytes}`,
      `${directive.file}:${directive.line}`,
    )
    plan.remark(directive, 'counts payloads; max_packet_size counts packets, so 64KB were added')
  }),
  max_packet_size: withNumber(0, packetBytesMax, (plan, value, directive) => {
    if (value === 0) return
    plan.zone.set('max_packet_size', `${Math.max(value, 64)}`, directive)
  }),
  max_keepalive: withNumber(0, 65_535, (plan, value, directive) => {
    plan.zone.set('max_keepalive', value === 0 ? 'none' : `${value}s`, directive)
  }),
  persistent_client_expiration: (plan, directive) => {
    const found = /^(\d{1,6})([hdwmy])$/.exec(directive.value)
    const hours = { h: 1, d: 24, w: 168, m: 720, y: 8760 }[found?.[2] ?? '']
    if (found === null || hours === undefined) {
      return plan.remark(directive, 'is no time such as 14d; sessions are kept for ever')
    }
    const total = Math.min(Number(found[1]) * hours, 1_000_000)
    const time = total % 24 === 0 ? `${total / 24}d` : `${total}h`
    plan.zone.set('session_expiry_interval', time, directive)
    plan.remark(
      directive,
      'is session_expiry_interval, for MQTT 3.x; max_session_expiry_interval is for MQTT 5',
    )
  },
  queue_qos0_messages: (plan, directive) => {
    const isOn = flagOf(plan, directive)
    if (isOn !== undefined) plan.zone.set('mqueue_store_qos0', `${isOn}`, directive)
  },
  retain_available: (plan, directive) => {
    const isOn = flagOf(plan, directive)
    if (isOn !== undefined) plan.zone.set('retain_available', `${isOn}`, directive)
  },
  upgrade_outgoing_qos: (plan, directive) => {
    const isOn = flagOf(plan, directive)
    if (isOn !== undefined) plan.zone.set('upgrade_qos', `${isOn}`, directive)
  },
  sys_interval: withNumber(0, 3600, (plan, value, directive) => {
    plan.sys.set('interval', value === 0 ? '0' : `${value}s`, directive)
  }),
  set_tcp_nodelay: (plan, directive) => {
    const isOn = flagOf(plan, directive)
    if (isOn === undefined) return
    for (const { tcp } of plan.listeners) tcp.set('nodelay', `${isOn}`, directive)
    plan.isNoDelay = { value: `${isOn}`, directive }
  },
  log_dest: (plan, directive) => {
    if (directive.value === 'none') plan.log.set('level', 'silent', directive)
    else if (directive.value !== 'stdout') {
      plan.remark(directive, 'no counterpart; the log goes to standard output')
    }
  },
  log_type: (plan, directive) => {
    const level = logLevels[directive.value]
    if (level === undefined) return plan.remark(directive, 'no counterpart; see log.level')
    const levels = ['debug', 'info', 'warn', 'error', 'silent']
    const before = plan.log.settings.get('level')?.value ?? 'silent'
    if (levels.indexOf(level) <= levels.indexOf(before)) plan.log.set('level', level, directive)
  },
  log_timestamp: nothing('every line has its time'),
  log_timestamp_format: nothing('times are in ISO 8601'),
  log_facility: nothing('the log goes to standard output'),
  connection_messages: nothing('log.level: warn leaves such lines out'),
  pid_file: nothing('whoever starts the broker knows its process'),
  user: nothing('start it as that user (systemd: User=)'),
  memory_limit: nothing('see limits.max_queued_bytes, and the limits of systemd or the container'),
  clientid_prefixes: nothing('acl rules can name client ids'),
  auto_id_prefix: nothing('assigned client ids are the broker’s to choose'),
  allow_zero_length_clientid: nothing('clients without an id are given one'),
  allow_duplicate_messages: nothing('overlapping subscriptions give one copy, as its default'),
  check_retain_source: nothing('retained messages are kept whoever sent them'),
  retry_interval: nothing('mosquitto ignores it too'),
  store_clean_interval: nothing('mosquitto ignores it too'),
  connection: bridge,
  ...Object.fromEntries(
    (
      'address addresses topic cleansession clientid idle_timeout keepalive_interval ' +
      'local_cleansession local_clientid local_password local_username notifications ' +
      'notifications_local_only notification_topic password remote_clientid remote_password ' +
      'remote_username restart_timeout round_robin start_type threshold try_private username ' +
      'bridge_alpn bridge_attempt_unsubscribe bridge_bind_address bridge_cafile bridge_capath ' +
      'bridge_certfile bridge_identity bridge_insecure bridge_keyfile bridge_max_packet_size ' +
      'bridge_outgoing_retain bridge_protocol_version bridge_psk bridge_require_ocsp ' +
      'bridge_tls_version bridge_max_topic_alias bridge_reload_type bridge_tcp_keepalive'
    )
      .split(' ')
      .map((key) => [key, bridge]),
  ),
}

const logLevels: Readonly<Record<string, string>> = {
  all: 'debug',
  debug: 'debug',
  information: 'info',
  notice: 'info',
  subscribe: 'info',
  unsubscribe: 'info',
  websockets: 'info',
  warning: 'warn',
  error: 'error',
  none: 'silent',
}
