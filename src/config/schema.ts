import * as z from 'zod'
import { logFormats, logLevels } from '../base/logger.ts'
import { aclSchema, authSchema } from './access-schema.ts'
import { failurePolicies, storeBackends } from './configuration.ts'
import { optional } from './form.ts'
import { choice, text } from './forms.ts'
import { listenerSchema } from './listener-schema.ts'
import { duration, size, sizeOrShare, whole } from './number-forms.ts'
import { redisKeys } from './redis-schema.ts'
import { zoneSchema } from './zone-schema.ts'

const countMax = 1_000_000_000
const bytesMax = Number.MAX_SAFE_INTEGER

/** Stores that are planned: naming one gets an answer of its own. */
const laterBackends = ['sql']

/**
 * The whole file. It refuses unknown keys everywhere, and knows only what this version does. An
 * empty section, all of whose keys are commented out, is null.
 */
export const schema = z.strictObject({
  node: z
    .strictObject({
      name: optional(text('a name of 1 to 64 letters, digits, -, _, . and @', /^[\w.@-]{1,64}$/)),
      data_dir: optional(text('a path', /^[^\0]+$/)),
    })
    .nullish(),
  listeners: z.array(listenerSchema).nullish(),
  zones: z.record(z.string(), zoneSchema.nullish()).nullish(),
  store: z
    .strictObject({
      backend: optional(choice(storeBackends, laterBackends)),
      path: optional(text('a path', /^[^\0]+$/)),
      max_bytes: optional(size({ min: 64 * 1024 * 1024, max: bytesMax, infinity: true })),
      commit_interval: optional(duration({ min: 0, max: 1000 })),
      async_interval: optional(duration({ min: 1, max: 60_000 })),
      on_failure: optional(choice(failurePolicies)),
      ...redisKeys,
    })
    .nullish(),
  limits: z
    .strictObject({
      max_sessions: optional(whole({ min: 1, max: countMax, infinity: true })),
      max_queued_bytes: optional(sizeOrShare()),
    })
    .nullish(),
  retainer: z
    .strictObject({
      max_retained_messages: optional(
        whole({ min: 1, max: countMax, infinity: true, zeroIsInfinity: true }),
      ),
      max_payload_size: optional(size({ min: 1, max: 268_435_455 })),
      msg_expiry_interval: optional(
        duration({ min: 1000, max: countMax * 1000, infinity: true, zeroIsInfinity: true }),
      ),
    })
    .nullish(),
  auth: authSchema.nullish(),
  acl: aclSchema.nullish(),
  sys: z.strictObject({ interval: optional(duration({ min: 0, max: 3_600_000 })) }).nullish(),
  shutdown: z.strictObject({ timeout: optional(duration({ min: 0, max: 3_600_000 })) }).nullish(),
  log: z
    .strictObject({
      level: optional(choice(logLevels)),
      format: optional(choice(logFormats)),
    })
    .nullish(),
})

/** The file as it was written, every value read. */
export type Keys = z.output<typeof schema>

/** The same as a program may write it, in the keys of the file. */
export type ConfigurationKeys = z.input<typeof schema>
