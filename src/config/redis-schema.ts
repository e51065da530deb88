import * as z from 'zod'
import { defaultRedisServer, type RedisAddress, type RedisServer } from '../store/redis/options.ts'
import { parseBind } from './bind.ts'
import { type Form, optional, textOf, Wrong } from './form.ts'
import { text } from './forms.ts'
import { duration, orNone, whole } from './number-forms.ts'

const urlForm: Form<RedisServer> = {
  wanted: 'redis://user:password@host:port/database, or rediss:// for TLS',
  json: { type: 'string' },
  isSecret: true,
  read: (written) => {
    if (typeof written !== 'string' || !URL.canParse(written)) return new Wrong('is no URL')
    try {
      return readUrl(new URL(written))
    } catch {
      return new Wrong('has a % that stands for no character: write %25')
    }
  },
}

/** What is missing in a URL is as it is by default. Throws: URIError. */
function readUrl(url: URL): RedisServer | Wrong {
  const { hash, hostname, pathname, port, protocol, search } = url
  if (protocol !== 'redis:' && protocol !== 'rediss:') {
    return new Wrong('begins with neither redis:// nor rediss://')
  }
  if (hostname === '') return new Wrong('has no host')
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const database = /^\/?(\d{0,9})$/.exec(pathname)?.[1]
  if (database === undefined) return new Wrong('has no number of a database behind its host')
  if (search !== '' || hash !== '') return new Wrong('has something behind its database')
  return {
    host: decodeURIComponent(host),
    port: port === '' ? defaultRedisServer.port : Number(port),
    username: url.username === '' ? undefined : decodeURIComponent(url.username),
    password: url.password === '' ? undefined : decodeURIComponent(url.password),
    database: Number(database),
    isTls: protocol === 'rediss:',
  }
}

const sentinelsForm: Form<readonly RedisAddress[]> = {
  wanted: 'a list of host:port',
  json: { type: 'array', items: { type: 'string' } },
  read: (written) => {
    if (!Array.isArray(written)) return new Wrong('is not a list')
    const addresses: RedisAddress[] = []
    for (const [index, item] of written.entries()) {
      const bind = parseBind(textOf(item))
      if (typeof bind === 'string') return new Wrong(bind, [index], 'host:port')
      const { host, port } = bind
      if (host === undefined || port === 0)
        return new Wrong('is no one address', [index], 'host:port')
      addresses.push({ host, port })
    }
    return addresses
  },
}

const passwordForm: Form<string | null> = {
  ...orNone(text('a password', /^.+$/su)),
  isSecret: true,
}

const pathForm = orNone(text('a path', /^[^\0]+$/))

/** The keys of `store` that are for Redis. */
export const redisKeys = {
  url: optional(urlForm),
  sentinels: optional(sentinelsForm),
  sentinel_name: optional(text('what the Sentinels call the server', /^[\w.-]{1,255}$/)),
  sentinel_password: optional(passwordForm),
  tls: z
    .strictObject({
      cacertfile: optional(pathForm),
      certfile: optional(pathForm),
      keyfile: optional(pathForm),
    })
    .nullish(),
  key_prefix: optional(text('1 to 64 letters, digits, -, _, . and :', /^[\w.:-]{1,64}$/)),
  wait_replicas: optional(whole({ min: 0, max: 100 })),
  takeover_after: optional(duration({ min: 300, max: 600_000 })),
  connect_timeout: optional(duration({ min: 100, max: 600_000 })),
  command_timeout: optional(duration({ min: 100, max: 600_000 })),
}
