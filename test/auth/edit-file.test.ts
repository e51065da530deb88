import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { PasswordFileEdit, replaceFile } from '../../src/auth/password/edit-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'mqtt-broker-passwd-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('a password file that is changed', () => {
  const text = '# users\n\nalice:$7$1\nbob:$7$2\n'

  test('keeps what others wrote as it is', () => {
    const edit = new PasswordFileEdit(text)
    expect(edit.set('bob', 'new')).toBe(false)
    expect(edit.set('carol', 'hers')).toBe(true)
    expect(edit.text).toBe('# users\n\nalice:$7$1\nbob:new\ncarol:hers\n')
  })

  test('loses one user, and says when there is none', () => {
    const edit = new PasswordFileEdit(text)
    expect([edit.delete('alice'), edit.delete('alice')]).toEqual([true, false])
    expect(edit.users).toEqual(['bob'])
    expect(edit.text).toBe('# users\n\nbob:$7$2\n')
  })

  test('begins empty, and need not end with a line feed', () => {
    const edit = new PasswordFileEdit('')
    edit.set('alice', 'x')
    expect(edit.text).toBe('alice:x\n')
    const cut = new PasswordFileEdit('alice:x')
    cut.set('bob', 'y')
    expect(cut.text).toBe('alice:x\nbob:y\n')
  })
})

describe('replacing a file', () => {
  test('makes a new one for its owner only, and leaves nothing else behind', () => {
    const file = join(folder, 'new')
    replaceFile(file, 'text')
    expect(readFileSync(file, 'utf8')).toBe('text')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(['new'])
  })

  test('keeps the mode of one that was there, but for what strangers might do', () => {
    const file = join(folder, 'old')
    writeFileSync(file, 'old', { mode: 0o644 })
    replaceFile(file, 'new')
    expect(readFileSync(file, 'utf8')).toBe('new')
    expect(statSync(file).mode & 0o777).toBe(0o640)
  })

  test('follows a link', () => {
    const file = join(folder, 'behind')
    const link = join(folder, 'link')
    writeFileSync(file, 'old')
    symlinkSync(file, link)
    replaceFile(link, 'new')
    expect(readFileSync(file, 'utf8')).toBe('new')
  })

  test('that cannot be done leaves the old one', () => {
    expect(() => replaceFile(join(folder, 'nowhere', 'x'), 'x')).toThrow('ENOENT')
  })
})
