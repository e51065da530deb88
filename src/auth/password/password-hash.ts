/** How a password is kept. */
export const hashKinds = ['argon2id', 'bcrypt', 'pbkdf2-sha512', 'sha512'] as const
export type HashKind = (typeof hashKinds)[number]

/** A hash as it stands in a password file, checked: verifying it neither throws nor takes for ever. */
export interface PasswordHash {
  readonly kind: HashKind
  readonly text: string
}

/** What a line of a password file may hold behind its colon. */
export const wantedHash =
  'argon2id ($argon2id$…), bcrypt ($2y$…), or what mosquitto_passwd writes ($7$… or $6$…)'

/** Bounds of what a hash may cost, so that one line of a file cannot stall all logins. */
const argonMemoryKiBMax = 1024 * 1024
const argonPassesMax = 64
const argonLanesMax = 16
const bcryptCostMax = 18
const iterationsMax = 10_000_000

/** Of SHA-512. */
const digestBytes = 64

/**
 * Reads a hash. Answers what is wrong with it, without showing any of it, when it is none.
 * Formats: PHC strings of argon2id (RFC 9106), modular crypt format of bcrypt, mosquitto's
 * `$6$salt$digest` and `$7$iterations$salt$digest` in base64.
 */
export function parsePasswordHash(text: string): PasswordHash | string {
  if (text.startsWith('$argon2id$')) return checked('argon2id', text, argonFault(text))
  if (/^\$2[aby]\$/.test(text)) return checked('bcrypt', text, bcryptFault(text))
  if (text.startsWith('$7$')) return checked('pbkdf2-sha512', text, pbkdf2Fault(text))
  if (text.startsWith('$6$')) return checked('sha512', text, sha512Fault(text))
  return `${unknownHash(text)}; wanted: ${wantedHash}`
}

function checked(kind: HashKind, text: string, fault: string | undefined): PasswordHash | string {
  if (fault === undefined) return { kind, text }
  return `is no whole ${kind} hash: ${fault}; wanted: the line as the tool wrote it`
}

/** Says what stands there instead of a hash that is taken. */
function unknownHash(text: string): string {
  if (text === '') return 'has no password'
  if (text.startsWith('$apr1$') || text.startsWith('$1$'))
    return 'is an MD5 hash, which is not safe'
  if (text.startsWith('{SHA}')) return 'is an unsalted SHA-1 hash, which is not safe'
  if (text.startsWith('$5$')) return 'is a SHA-256 crypt hash, which is not read'
  if (text.startsWith('$argon2')) return 'is another argon2 than argon2id'
  return 'has a password that is no hash'
}

function argonFault(text: string): string | undefined {
  const form =
    /^\$argon2id\$v=19\$m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/
  const parts = form.exec(text)
  if (parts === null) return 'it is not $argon2id$v=19$m=…,t=…,p=…$salt$hash'
  const [memoryKiB, passes, lanes] = parts.slice(1, 4).map(Number) as [number, number, number]
  if (memoryKiB < 8 * lanes || memoryKiB > argonMemoryKiBMax)
    return `m=${memoryKiB} is out of range`
  if (passes < 1 || passes > argonPassesMax) return `t=${passes} is out of range`
  if (lanes < 1 || lanes > argonLanesMax) return `p=${lanes} is out of range`
  if (bytesOf(parts[4] as string) < 8) return 'its salt is too short'
  return bytesOf(parts[5] as string) < 16 ? 'it is cut off' : undefined
}

function bcryptFault(text: string): string | undefined {
  const parts = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/.exec(text)
  if (parts === null) return 'it is not 60 characters of it'
  const cost = Number(parts[1])
  return cost < 4 || cost > bcryptCostMax ? `a cost of ${cost} is out of range` : undefined
}

function pbkdf2Fault(text: string): string | undefined {
  const [iterations = '', salt = '', digest = '', ...more] = text.slice(3).split('$')
  if (!/^\d{1,8}$/.test(iterations)) return 'it has no number of iterations'
  if (Number(iterations) < 1 || Number(iterations) > iterationsMax) {
    return `${iterations} iterations are out of range`
  }
  return saltedFault(salt, digest, more)
}

function sha512Fault(text: string): string | undefined {
  const [salt = '', digest = '', ...more] = text.slice(3).split('$')
  return saltedFault(salt, digest, more)
}

function saltedFault(salt: string, digest: string, more: readonly string[]): string | undefined {
  if (more.length > 0) return 'there is more behind it'
  if (!isBase64(salt) || bytesOf(salt) < 1) return 'its salt is no base64'
  return isBase64(digest) && bytesOf(digest) === digestBytes ? undefined : 'it is cut off'
}

function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text)
}

function bytesOf(base64: string): number {
  return Buffer.from(base64, 'base64').length
}
