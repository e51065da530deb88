import { ListenerPlan, type Plan, type Section, yamlText } from './plan.ts'
import type { Directive } from './read-conf.ts'
import { type Apply, flagOf, nothing, numberOf, withNumber } from './values.ts'

/** Directives of listeners, and those of who may connect, which may belong to one. */
export const listenerDirectives: Readonly<Record<string, Apply>> = {
  listener: (plan, directive) => {
    const [port = '', host] = directive.value.split(/\s+/)
    const listener = new ListenerPlan(directive)
    plan.listeners.push(listener)
    plan.listener = listener
    if (plan.isNoDelay !== undefined) {
      listener.tcp.set('nodelay', plan.isNoDelay.value, plan.isNoDelay.directive)
    }
    const number = numberOf(plan, { ...directive, value: port })
    if (number === 0 || host?.startsWith('/') === true) {
      listener.impossible = 'this version does not listen on Unix sockets'
    } else if (number === undefined || number > 65_535) listener.impossible = 'it has no port'
    listener.port = number
    listener.host = host
  },
  port: (plan, directive) => {
    plan.isDefaultUsed = true
    const listener = plan.listeners[0] as ListenerPlan
    listener.port = numberOf(plan, directive)
    if (listener.port === undefined || (listener.port > 0 && listener.port < 65_536)) return
    listener.impossible = 'it has no port'
    plan.remark(directive, `left out: ${listener.impossible}`)
  },
  bind_address: (plan, directive) => {
    plan.isDefaultUsed = true
    const listener = plan.listeners[0] as ListenerPlan
    listener.host = directive.value
  },
  bind_interface: nothing('give the address of that interface in bind: it is all addresses now'),
  socket_domain: (plan, directive) => {
    if (directive.value === 'ipv4' || directive.value === 'ipv6') {
      plan.listener.domain = directive.value
    } else plan.remark(directive, 'is neither ipv4 nor ipv6; both are listened on')
  },
  protocol: (plan, directive) => {
    if (directive.value === 'websockets') plan.listener.isWebSocket = true
    else if (directive.value !== 'mqtt')
      plan.listener.impossible = 'its protocol is not spoken here'
    if (plan.listener.isWebSocket) {
      plan.remark(directive, 'mosquitto takes any path in the URL; here path says which (/mqtt)')
    }
  },
  max_connections: (plan, directive) => {
    const count = numberOf(plan, directive)
    if (count === undefined) return
    const text = count < 1 ? 'infinity' : `${Math.min(count, 10_000_000)}`
    plan.listener.settings.set('max_connections', text, directive)
  },
  max_qos: withNumber(0, 2, (plan, value, directive) => {
    plan.listener.zone.set('max_qos_allowed', `${value}`, directive)
  }),
  max_topic_alias: withNumber(0, 65_535, (plan, value, directive) => {
    plan.listener.zone.set('max_topic_alias', `${value}`, directive)
  }),
  use_username_as_clientid: (plan, directive) => {
    const isOn = flagOf(plan, directive)
    if (isOn !== undefined) plan.listener.zone.set('use_username_as_clientid', `${isOn}`, directive)
  },
  mount_point: nothing('its clients see all topics; acl rules can keep them apart'),
  http_dir: nothing('the broker serves no files'),
  websockets_log_level: nothing('see log.level'),
  websockets_headers_size: nothing('Node.js allows 16KB of headers'),
  websockets_origin: nothing('a browser of any origin may connect'),
  ...tlsDirectives(),
  allow_anonymous: (plan, directive) => {
    const isOn = flagOf(plan, directive)
    if (isOn !== undefined) authOf(plan).set('allow_anonymous', `${isOn}`, directive)
  },
  password_file: (plan, directive) => {
    authOf(plan).set('password_file', yamlText(directive.value), directive)
  },
  acl_file: (plan, directive) => {
    const acl = plan.isPerListener ? plan.listener.acl : plan.acl
    acl.set('file', yamlText(directive.value), directive)
  },
  psk_file: nothing('there is no TLS with pre-shared keys'),
  psk_hint: (plan, directive) => {
    plan.listener.hasPsk = true
    plan.remark(directive, 'no counterpart; there is no TLS with pre-shared keys')
  },
  plugin: plugin,
  auth_plugin: plugin,
  auth_plugin_deny_special_chars: nothing('there are no plugins'),
}

function plugin(plan: Plan, directive: Directive): void {
  plan.hasPlugin = true
  plan.remark(directive, 'no counterpart; what it allowed is for you to allow in auth and acl')
}

function tlsDirectives(): Record<string, Apply> {
  const path =
    (key: string): Apply =>
    (plan, directive) =>
      plan.listener.tls.set(key, yamlText(directive.value), directive)
  const username =
    (part: string): Apply =>
    (plan, directive) => {
      if (flagOf(plan, directive) !== true) return
      plan.listener.tls.set('peer_cert_as_username', part, directive)
    }
  return {
    cafile: path('cacertfile'),
    certfile: path('certfile'),
    keyfile: path('keyfile'),
    crlfile: path('crlfile'),
    ciphers: path('ciphers'),
    capath: nothing('put the certificates of the folder into one file: tls.cacertfile'),
    'ciphers_tls1.3': nothing('those of TLS 1.3 are chosen by Node.js'),
    dhparamfile: nothing('key exchange is by elliptic curves'),
    tls_engine: nothing('keys come from files'),
    tls_engine_kpass_sha1: nothing('keys come from files'),
    tls_keyform: nothing('keys are PEM files'),
    require_certificate: (plan, directive) => {
      plan.listener.requiresCertificate = flagOf(plan, directive) === true ? directive : undefined
    },
    use_identity_as_username: username('cn'),
    use_subject_as_username: username('dn'),
    tls_version: (plan, directive) => {
      const only13 = directive.value === 'tlsv1.3'
      const versions = only13 ? '[tlsv1.3]' : '[tlsv1.2, tlsv1.3]'
      plan.listener.tls.set('versions', versions, directive)
      if (directive.value !== 'tlsv1.2' && !only13) {
        plan.remark(directive, `no counterpart for ${directive.value}; it is at least tlsv1.2`)
      }
    },
  }
}

function authOf(plan: Plan): Section {
  return plan.isPerListener ? plan.listener.auth : plan.auth
}
