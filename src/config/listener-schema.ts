import * as z from 'zod'
import { listenerTypes } from '../listeners/options.ts'
import type { ProtocolVersion } from '../mqtt/packets.ts'
import { type Bind, parseBind } from './bind.ts'
import { type Form, optional, required, textOf, Wrong } from './form.ts'
import { choice, flag, text } from './forms.ts'
import { duration, orNone, rate, size, whole } from './number-forms.ts'
import { tlsSchema } from './tls-schema.ts'

/** What operators call listeners and zones: short, and no number, which would look like an index. */
export const nameForm: Form<string> = text(
  'a name of letters, digits, - and _ that begins with a letter, at most 64 of them',
  /^[a-z][\w-]{0,63}$/i,
)

const bindForm: Form<Bind> = {
  wanted: 'host:port, [v6]:port, or *:port for all addresses',
  json: { type: 'string' },
  read: (written) => {
    const bind = parseBind(textOf(written))
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
  path: optional(text('a path that begins with /, such as /mqtt', /^\/[^\s?#]*$/)),
  handshake_timeout: optional(duration({ min: 100, max: 600_000 })),
  tls: tlsSchema.nullish(),
  tcp_options: tcpOptionsSchema.nullish(),
})

export type ListenerKeys = z.output<typeof listenerSchema>
