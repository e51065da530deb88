import * as z from 'zod'
import { certificateNames, type TlsVersion } from '../listeners/tls/options.ts'
import { type Form, optional, required, textOf, Wrong } from './form.ts'
import { choice, flag, text } from './forms.ts'
import { orNone } from './number-forms.ts'

export const tlsVersions: Readonly<Record<string, TlsVersion>> = {
  'tlsv1.2': 'TLSv1.2',
  'tlsv1.3': 'TLSv1.3',
}

const tlsVersionsForm: Form<readonly TlsVersion[]> = {
  wanted: 'a list out of tlsv1.2 and tlsv1.3',
  json: { type: 'array', items: { enum: Object.keys(tlsVersions) }, minItems: 1 },
  read: (written) => {
    if (!Array.isArray(written)) return new Wrong('is not a list')
    if (written.length === 0) return new Wrong('is empty')
    const read = written.map((version) => tlsVersions[textOf(version)])
    const bad = read.indexOf(undefined)
    return bad < 0 ? (read as TlsVersion[]) : new Wrong('is not allowed', [bad])
  },
}

const pathForm = text('a path', /^[^\0]+$/)
const hostnameForm = text(
  'a host name such as mqtt.example.com, or *.example.com',
  /^(?=.{1,253}$)(?:\*\.)?[a-z\d](?:[a-z\d-]*[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]*[a-z\d])?)*$/i,
)

/** `tls` of a listener. */
export const tlsSchema = z.strictObject({
  certfile: optional(orNone(pathForm)),
  keyfile: optional(orNone(pathForm)),
  cacertfile: optional(orNone(pathForm)),
  crlfile: optional(orNone(pathForm)),
  verify: optional(choice(['verify_none', 'verify_peer'])),
  fail_if_no_peer_cert: optional(flag()),
  peer_cert_as_username: optional(choice(certificateNames)),
  versions: optional(tlsVersionsForm),
  ciphers: optional(orNone(text('names of ciphers as OpenSSL writes them', /^[\w!+@=:.-]+$/))),
  sni: z
    .array(
      z.strictObject({
        hostname: required(hostnameForm),
        certfile: required(pathForm),
        keyfile: required(pathForm),
      }),
    )
    .nullish(),
  reload_on_change: optional(flag()),
})

export type TlsKeys = z.output<typeof tlsSchema>
