import * as z from 'zod'
import { listenerTypes } from '../listeners/options.ts'
import type { ProtocolVersion } from '../mqtt/packets.ts'
import { aclSchema, authSchema } from './access-schema.ts'
import { type Bind, parseListenerBind, type UnixBind } from './bind.ts'
import { type Form, optional, required, textOf, Wrong } from './form.ts'
import { choice, flag, text } from './forms.ts'
import { duration, orNone, rate, size, whole } from './number-forms.ts'
import { tlsSchema } from './tls-schema.ts'

/** What operators call listeners and zones: short, and no number, which would look like an index. */
export const nameForm: Form<string> = text(
  'a name of letters, digits, - and _ that begins with a letter, at most 64 of them',
  /^[a-z][\w-]{0,63}$/i,
)

const bindForm: Form<Bind | UnixBind> = {
  wanted: 'host:port, [v6]:port, *:port for all addresses, or unix:/path',
  json: { type: 'string' },
  read: (written) => {
    const bind = parseListenerBind(textOf(written))
    return typeof bind === 'string' ? new Wrong(bind) : bind
  },
}

const versions: Readonly<Record<string, ProtocolVersion>> = {
  '3.1': 3,
  '3.1.1': 4,
  '5': 5,
  '5.0': 5,
}

const versionsForm: Form<readonly ProtocolVersion[]> = {
  wanted: 'a list out of 3.1, 3.1.1 and 5',
  json: { type: 'array', items: { enum: [3.1, '3.1', '3.1.1', 5, '5', '5.0'] }, minItems: 1 },
  read: (written) => {
    if (!Array.isArray(written)) return new Wrong('is not a list')
    if (written.length === 0) return new Wrong('is empty')
    const read = written.map((version) => versions[textOf(version)])
    const bad = read.indexOf(undefined)
    if (bad >= 0) return new Wrong('is no version of MQTT', [bad])
    return [...new Set(read as ProtocolVersion[])]
  },
}

/** Digits of chmod: read, write and nothing to execute for owner, group and others. */
const modeForm: Form<number> = {
  wanted: 'a file mode of three octal digits, such as 660',
  json: { type: ['integer', 'string'], pattern: '^0?[0-7]{3}$' },
  read: (written) => {
    const digits = /^0?([0-7]{3})$/.exec(textOf(written))?.[1]
    return digits === undefined ? new Wrong('is no file mode') : Number.parseInt(digits, 8)
  },
}

/** Scheme, host and port, as browsers send them; null is what a page without an origin says. */
const originPattern = /^(?:null|[a-z][a-z\d+.-]*:\/\/(?:\*\.)?[^\s/*?#@]+)$/

const originsForm: Form<readonly string[] | 'any'> = {
  wanted: 'any, or a list of origins such as https://app.example.com or https://*.example.com',
  json: { anyOf: [{ const: 'any' }, { type: 'array', items: { type: 'string' } }] },
  read: (written) => {
    if (written === 'any') return 'any'
    if (!Array.isArray(written)) return new Wrong('is neither any nor a list')
    const origins = written.map((origin) => textOf(origin).toLowerCase())
    const bad = origins.findIndex((origin) => !originPattern.test(origin))
    return bad < 0 ? origins : new Wrong('is no origin', [bad])
  },
}

const tcpOptionsSchema = z.strictObject({
  backlog: optional(whole({ min: 1, max: 65_535 })),
  keepalive: optional(orNone(duration({ min: 1000, max: 86_400_000 }))),
  nodelay: optional(flag()),
  high_watermark: optional(size({ min: 1024, max: 1024 ** 3 })),
})

/** One listener, in the keys of the file. */
export const listenerSchema = z.strictObject({
  name: required(nameForm),
  type: optional(choice(listenerTypes)),
  bind: required(bindForm),
  zone: optional(text('the name of a zone')),
  max_connections: optional(whole({ min: 1, max: 10_000_000, infinity: true })),
  max_conn_rate: optional(rate('count')),
  protocol_versions: optional(versionsForm),
  socket_mode: optional(modeForm),
  allowed_origins: optional(originsForm),
  path: optional(text('a path that begins with /, such as /mqtt', /^\/[^\s?#]*$/)),
  handshake_timeout: optional(duration({ min: 100, max: 600_000 })),
  tls: tlsSchema.nullish(),
  tcp_options: tcpOptionsSchema.nullish(),
  auth: authSchema.nullish(),
  acl: aclSchema.nullish(),
})

export type ListenerKeys = z.output<typeof listenerSchema>
