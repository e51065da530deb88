import { isUtf8 } from 'node:buffer'
import { createHash, pbkdf2Sync, timingSafeEqual } from 'node:crypto'
import { hashRawSync, hashSync } from '@node-rs/argon2'
import bcrypt from 'bcryptjs'
import type { PasswordHash } from './password-hash.ts'

/** 19 MiB, two passes: what OWASP recommends, some 20 ms of a processor. */
const argonOptions = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 }

/**
 * Whether a hash was made of this password; compared in constant time. It takes the processor as
 * long as the hash is meant to take, so it belongs on another thread. Throws: nothing, for a hash
 * that was parsed.
 */
export function verifyPassword({ kind, text }: PasswordHash, password: Uint8Array): boolean {
  switch (kind) {
    case 'argon2id':
      return verifyArgon2id(text, password)
    case 'bcrypt':
      return verifyBcrypt(text, password)
    case 'pbkdf2-sha512':
      return verifyPbkdf2(text, password)
    case 'sha512':
      return verifySha512(text, password)
  }
}

/** A new hash of a password, with a salt of its own: the format that we write. */
export function hashPassword(password: Uint8Array): string {
  return hashSync(password, argonOptions)
}

/** Not the package's own verification, which takes texts only: a password is bytes. */
function verifyArgon2id(text: string, password: Uint8Array): boolean {
  const [, , , costs = '', salt = '', digest = ''] = text.split('$')
  const [memoryCost = 0, timeCost = 0, parallelism = 0] = costs
    .split(',')
    .map((cost) => Number(cost.slice(2)))
  const wanted = Buffer.from(digest, 'base64')
  const saltBytes = Buffer.from(salt, 'base64')
  const options = { memoryCost, timeCost, parallelism, salt: saltBytes, outputLen: wanted.length }
  return timingSafeEqual(hashRawSync(password, options), wanted)
}

/** bcryptjs takes texts; what is none would be taken for another one, so it is always wrong. */
function verifyBcrypt(text: string, password: Uint8Array): boolean {
  const isSame = bcrypt.compareSync(Buffer.from(password).toString('utf8'), text)
  return isSame && isUtf8(password)
}

/** mosquitto 1.6 and later: `$7$iterations$salt$digest`. */
function verifyPbkdf2(text: string, password: Uint8Array): boolean {
  const [iterations = '', salt = '', digest = ''] = text.slice(3).split('$')
  const wanted = Buffer.from(digest, 'base64')
  const saltBytes = Buffer.from(salt, 'base64')
  const made = pbkdf2Sync(password, saltBytes, Number(iterations), wanted.length, 'sha512')
  return timingSafeEqual(made, wanted)
}

/** mosquitto before 1.6: `$6$salt$digest`, one round over the password and then the salt. */
function verifySha512(text: string, password: Uint8Array): boolean {
  const [salt = '', digest = ''] = text.slice(3).split('$')
  const hash = createHash('sha512').update(password).update(Buffer.from(salt, 'base64'))
  return timingSafeEqual(hash.digest(), Buffer.from(digest, 'base64'))
}
