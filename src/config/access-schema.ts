import * as z from 'zod'
import { rulesForm } from './acl-rules.ts'
import { optional } from './form.ts'
import { choice, flag, text } from './forms.ts'
import { orNone } from './number-forms.ts'

const pathForm = orNone(text('a path', /^[^\0]+$/))

/** Who may connect; also in a listener, where it replaces the one for all. */
export const authSchema = z.strictObject({
  allow_anonymous: optional(flag()),
  password_file: optional(pathForm),
})

/** What clients may do; also in a listener, where it replaces the one for all. */
export const aclSchema = z.strictObject({
  no_match: optional(choice(['allow', 'deny'])),
  file: optional(pathForm),
  rules: optional(rulesForm),
})

export type AuthKeys = z.output<typeof authSchema>
export type AclKeys = z.output<typeof aclSchema>
