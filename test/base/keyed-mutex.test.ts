import { expect, test } from 'vitest'
import { KeyedMutex } from '../../src/base/keyed-mutex.ts'

/** Work that ends when the test says so, and tells when it began. */
class Work {
  begun = false
  end: () => void = () => undefined
  fail: (error: Error) => void = () => undefined

  readonly run = (): Promise<string> => {
    this.begun = true
    return new Promise((resolve, reject) => {
      this.end = () => resolve('done')
      this.fail = reject
    })
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('work for one key runs one after another, in the order in which it was asked for', async () => {
  const mutex = new KeyedMutex()
  const works = [new Work(), new Work(), new Work()]
  const answers = works.map((work) => mutex.run('a', work.run))
  for (const [i, work] of works.entries()) {
    await turn()
    expect(works.map(({ begun }) => begun)).toEqual(works.map((_, j) => j <= i))
    work.end()
    expect(await answers[i]).toBe('done')
  }
})

test('keys do not wait for each other', async () => {
  const mutex = new KeyedMutex()
  const slow = new Work()
  const answer = mutex.run('a', slow.run)
  expect(await mutex.run('b', () => 'at once')).toBe('at once')
  slow.end()
  await answer
})

test('work that fails, or throws, rejects for who asked and lets the next one run', async () => {
  const mutex = new KeyedMutex()
  const failing = new Work()
  const first = mutex.run('a', failing.run)
  const second = mutex.run('a', () => {
    throw new Error('thrown')
  })
  const third = mutex.run('a', () => 'fine')
  await turn()
  failing.fail(new Error('rejected'))
  await expect(first).rejects.toThrow('rejected')
  await expect(second).rejects.toThrow('thrown')
  expect(await third).toBe('fine')
})

test('keeps nothing of a key whose work is done', async () => {
  const mutex = new KeyedMutex()
  const work = new Work()
  const answers = [mutex.run('a', work.run), mutex.run('a', () => 'behind'), mutex.run('b', turn)]
  expect(mutex.size).toBe(2)
  await turn()
  work.end()
  await Promise.all(answers)
  expect(mutex.size).toBe(0)
})
