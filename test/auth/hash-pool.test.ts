import { describe, expect, onTestFinished, test } from 'vitest'
import { HashPool } from '../../src/auth/hashing/hash-pool.ts'
import type { PasswordHash } from '../../src/auth/password/password-hash.ts'
import { vectors } from './password-vectors.ts'

const hash: PasswordHash = { kind: 'pbkdf2-sha512', text: vectors.pbkdf2 }
const right = Buffer.from('open sesame')
const wanted = () => true

function poolOf(threads?: number, waiting?: number): HashPool {
  const pool = new HashPool(threads, waiting)
  onTestFinished(() => pool.close())
  return pool
}

describe('the hash pool', () => {
  test('checks passwords on other threads', async () => {
    const pool = poolOf()
    pool.warmUp()
    const verdicts = ['open sesame', 'wrong', ''].map((password) =>
      pool.verify(hash, Buffer.from(password), wanted),
    )
    expect(await Promise.all(verdicts)).toEqual([true, false, false])
  })

  test('lets what does not fit on its threads wait, and refuses more than may wait', async () => {
    const pool = poolOf(1, 2)
    const verdicts = [1, 2, 3, 4].map(() => pool.verify(hash, right, wanted))
    expect(pool.waiting).toBe(2)
    expect(await Promise.all(verdicts)).toEqual([true, true, true, 'too many'])
    expect(pool.waiting).toBe(0)
  })

  test('skips what nobody waits for any more when its turn comes', async () => {
    const pool = poolOf(1)
    const verdicts = [wanted, () => false, wanted].map((isWanted) =>
      pool.verify(hash, right, isWanted),
    )
    expect(await Promise.all(verdicts)).toEqual([true, 'not wanted', true])
  })

  test('rejects when a hash cannot be verified, and goes on', async () => {
    const pool = poolOf(1)
    const broken: PasswordHash = { kind: 'argon2id', text: 'nonsense' }
    await expect(pool.verify(broken, right, wanted)).rejects.toThrow()
    expect(await pool.verify(hash, right, wanted)).toBe(true)
  })

  test('closed, answers that nothing is wanted any more', async () => {
    const pool = poolOf(1)
    const verdicts = [pool.verify(hash, right, wanted), pool.verify(hash, right, wanted)]
    await pool.close()
    expect(await verdicts[1]).toBe('not wanted')
    await expect(verdicts[0]).rejects.toThrow('ended')
    expect(await pool.verify(hash, right, wanted)).toBe('not wanted')
  })
})
