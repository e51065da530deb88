import { expect, test } from 'vitest'
import { House } from '../../src/listeners/house.ts'
import { TestBroker } from '../support/test-broker.ts'

const unlimited = { connectionsMax: Number.POSITIVE_INFINITY, connectionRate: undefined }

test('the limit of open files counts every connection, whatever its zone', () => {
  const house = new House(2, new Map())
  house.enter('a')
  house.enter('b')
  expect(house.limitReached('c')).toBe('the limit of open files of the process')
  house.leave('a')
  expect(house.limitReached('c')).toBeUndefined()
})

test('max_connections of a zone counts its own connections only', () => {
  const house = new House(
    Number.POSITIVE_INFINITY,
    new Map([['a', { ...unlimited, connectionsMax: 1 }]]),
  )
  house.enter('b')
  expect(house.limitReached('a')).toBeUndefined()
  house.enter('a')
  expect(house.limitReached('a')).toBe('max_connections of zone a')
  expect(house.limitReached('b')).toBeUndefined()
})

test('max_conn_rate of a zone admits a burst of one period, then one each share of it', () => {
  const connectionRate = { count: 2, perMs: 1000 }
  const house = new House(
    Number.POSITIVE_INFINITY,
    new Map([['a', { ...unlimited, connectionRate }]]),
  )
  const admitted = [0, 0, 0, 499, 500, 501].map((now) => house.admits('a', now))
  expect(admitted).toEqual([true, true, false, false, true, false])
  expect(house.admits('b', 501)).toBe(true)
})

test('max_conn_rate: a flood that was refused leaves no debt behind', () => {
  const connectionRate = { count: 1, perMs: 1000 }
  const house = new House(
    Number.POSITIVE_INFINITY,
    new Map([['a', { ...unlimited, connectionRate }]]),
  )
  for (let i = 0; i < 10_000; i++) house.admits('a', 0)
  expect(house.admits('a', 1000)).toBe(true)
})

test('connections that come to a zone too fast are told 0x9F, and one line says so', async () => {
  const zoneLimits = { ...unlimited, connectionRate: { count: 1, perMs: 1000 } }
  const broker = new TestBroker({ zoneLimits })
  await broker.connect()
  expect((await broker.open().handshake()).reasonCode).toBe(0x9f)
  expect((await broker.open().handshake()).reasonCode).toBe(0x9f)
  const lines = broker.logged.filter(({ level }) => level === 'warn')
  expect(lines.map(({ message }) => message)).toEqual([
    'connections are refused: max_conn_rate of zone default is reached',
  ])
  await broker.time.pass(1000)
  await broker.connect()
})
