import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { type PasswordHash, parsePasswordHash } from '../../src/auth/password/password-hash.ts'
import { verifyPassword } from '../../src/auth/password/verify.ts'
import { vectors } from '../auth/password-vectors.ts'

const folder = mkdtempSync(join(tmpdir(), 'mqtt-broker-passwd-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'passwd')
const others = `m:${vectors.pbkdf2}\nh:${vectors.bcrypt}\nplain:secret\n`

/** `mqtt-broker passwd …` with something on its standard input. */
function passwd(words: readonly string[], input = '') {
  const parameters = ['--import', 'tsx', 'src/cli/main.ts', 'passwd', ...words]
  const { status, stderr, stdout } = spawnSync(process.execPath, parameters, { input })
  return { code: status, output: stdout.toString(), errors: stderr.toString() }
}

test('adds a user: the first line of standard input, in a file for its owner only', () => {
  const file = join(folder, 'new')
  expect(passwd(['add', file, 'alice'], 'open sesame\nmore\n')).toEqual({
    code: 0,
    output: `${file}: user alice added\n`,
    errors: '',
  })
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const text = readFileSync(file, 'utf8')
  expect(text).toMatch(/^alice:\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  const hash = parsePasswordHash(text.trim().slice('alice:'.length)) as PasswordHash
  expect(verifyPassword(hash, Buffer.from('open sesame'))).toBe(true)
})

test('verifies the passwords of users that other tools wrote', () => {
  writeFileSync(file, others)
  expect(passwd(['verify', '--password-stdin', file, 'h'], 'open sesame').code).toBe(0)
  expect(passwd(['verify', file, 'm'], 'open')).toEqual({
    code: 1,
    output: '',
    errors: `${file}: that is not the password of m\n`,
  })
})

test('lists users, also those of other tools, and shows no secret', () => {
  writeFileSync(file, others)
  const { output } = passwd(['list', file])
  expect(output).toMatch(/^m\tpbkdf2-sha512\nh\tbcrypt\nplain\t! has a password that is no hash/)
  expect(output).not.toContain('secret')
})

test('deletes a user, and says when there is none', () => {
  writeFileSync(file, others)
  expect(passwd(['delete', file, 'plain']).code).toBe(0)
  expect(readFileSync(file, 'utf8')).toBe(others.replace('plain:secret\n', ''))
  expect(passwd(['delete', file, 'plain'])).toMatchObject({
    code: 1,
    errors: `${file}: there is no user plain\n`,
  })
})

test.each([
  [['add'], 'passwd of which file?'],
  [['add', file], 'passwd of whom?'],
  [['add', file, 'a:b'], 'a user name cannot hold a colon'],
  [['add', file, 'carol'], 'an empty password'],
  [['add', file, 'carol', '--password', 'x'], 'Unknown argument: password'],
  [[], 'passwd what?'],
])('%j is a wrong command line: exit code 64', (words, message) => {
  const { code, errors } = passwd(words)
  expect(code).toBe(64)
  expect(errors).toContain(message)
})
