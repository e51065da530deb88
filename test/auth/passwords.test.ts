import { describe, expect, test } from 'vitest'
import { FileProblems } from '../../src/auth/file-problem.ts'
import { parsePasswordFile } from '../../src/auth/password/password-file.ts'
import { type PasswordHash, parsePasswordHash } from '../../src/auth/password/password-hash.ts'
import { hashPassword, verifyPassword } from '../../src/auth/password/verify.ts'
import { accented, argon2idReference, vectors } from './password-vectors.ts'

function hashOf(text: string): PasswordHash {
  const hash = parsePasswordHash(text)
  if (typeof hash === 'string') throw new Error(hash)
  return hash
}

function verifies(text: string, password: string | Buffer): boolean {
  return verifyPassword(hashOf(text), Buffer.from(password))
}

describe('a hash', () => {
  test.each(Object.entries(vectors))('%s that another tool wrote is verified', (_kind, text) => {
    expect(verifies(text, 'open sesame')).toBe(true)
    expect(verifies(text, 'open sesam')).toBe(false)
    expect(verifies(text, 'Open sesame')).toBe(false)
    expect(verifies(text, '')).toBe(false)
  })

  test.each(Object.entries(accented))(
    '%s of a password beyond ASCII is verified',
    (_kind, text) => {
      expect(verifies(text, 'pässwort')).toBe(true)
      expect(verifies(text, 'passwort')).toBe(false)
    },
  )

  test('argon2id of the reference implementation is verified', () => {
    expect(verifies(argon2idReference, 'password')).toBe(true)
    expect(verifies(argon2idReference, 'Password')).toBe(false)
  })

  test('of ours is argon2id, and has a salt of its own', () => {
    const password = Buffer.from([0, 0xff, 0x3a, 10])
    const texts = [hashPassword(password), hashPassword(password)]
    expect(texts[0]).not.toBe(texts[1])
    for (const text of texts) {
      expect(hashOf(text).kind).toBe('argon2id')
      expect(verifies(text, password)).toBe(true)
      expect(verifies(text, Buffer.from([0, 0xff, 0x3a]))).toBe(false)
    }
  })

  test('of bcrypt takes no bytes that are no text for the text they are shown as', () => {
    expect(verifies(vectors.bcrypt, Buffer.from([0xff]))).toBe(false)
  })
})

/** What is said about a password file. */
function problemsOf(text: string): string[] {
  try {
    parsePasswordFile('passwd', text)
  } catch (error) {
    if (error instanceof FileProblems) return error.message.split('\n')
    throw error
  }
  return []
}

describe('a password file', () => {
  test('has a user a line; comments and empty lines mean nothing', () => {
    const text = `# users\n\nalice:${vectors.pbkdf2}\r\nbob the builder:${vectors.bcrypt}\n`
    const users = parsePasswordFile('passwd', text)
    expect([...users.keys()]).toEqual(['alice', 'bob the builder'])
    expect(users.get('alice')?.text).toBe(vectors.pbkdf2)
  })

  test('may be empty', () => {
    expect(parsePasswordFile('passwd', '').size).toBe(0)
  })

  test('with bad lines says of each what is wanted, and shows no secret', () => {
    const said = problemsOf(
      [
        `a:${vectors.sha512}`,
        'plain:secret',
        'nobody',
        'm:$apr1$secret',
        'e:',
        `a:${vectors.bcrypt}`,
      ].join('\n'),
    )
    expect(said).toEqual([
      expect.stringMatching(
        /^passwd:2: user "plain" has a password that is no hash; wanted: argon2id/,
      ),
      'passwd:3: names no user; wanted: user:hash',
      expect.stringMatching(/^passwd:4: user "m" is an MD5 hash, which is not safe; wanted: /),
      expect.stringMatching(/^passwd:5: user "e" has no password; wanted: /),
      'passwd:6: is a user of line 1 already; wanted: once',
    ])
    expect(said.join()).not.toContain('secret')
  })

  test.each([
    ['cut off', vectors.sha512.slice(0, -6)],
    ['cut off', vectors.pbkdf2.slice(0, -6)],
    ['60 characters', vectors.bcrypt.slice(0, -6)],
    ['cut off', `${argon2idReference.slice(0, -30)}`],
    ['out of range', argon2idReference.replace('m=65536', 'm=99999999')],
    ['out of range', argon2idReference.replace('t=2', 't=0')],
    ['out of range', vectors.pbkdf2.replace('101', '99999999')],
    ['out of range', vectors.bcrypt.replace('05', '31')],
    ['more behind it', `${vectors.sha512}$x`],
  ])('%s: a hash that cannot be verified is a problem', (fault, text) => {
    expect(problemsOf(`u:${text}`).join()).toContain(fault)
  })
})
