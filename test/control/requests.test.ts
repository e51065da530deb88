import { once } from 'node:events'
import { beforeEach, expect, it } from 'vitest'
import type { Administered } from '../../src/admin/ports.ts'
import type { Configuration } from '../../src/config/configuration.ts'
import { defaultConfiguration } from '../../src/config/load.ts'
import type { ControlRequest } from '../../src/control/handlers.ts'
import { controlRequests } from '../../src/control-requests.ts'
import { StoreUnavailable } from '../../src/store/errors.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { StoreUpkeep, TaskControl } from '../../src/store/transfer/ports.ts'

/** Nobody asks for any of it here. */
const administered = {} as Administered
const base = defaultConfiguration()
const configuration: Configuration = { ...base, store: { ...base.store, path: '/var/store' } }

let aborter: AbortController
let told: object[]
beforeEach(() => {
  aborter = new AbortController()
  told = []
})

/** What `backup` answers of a store, or what it throws. */
async function backUp(upkeep: StoreUpkeep, parameters: object): Promise<unknown> {
  const { backup } = controlRequests(
    configuration,
    Object.assign(new MemoryStore(), upkeep),
    administered,
  )
  return backup?.(asked(parameters))
}

function asked(parameters: object): ControlRequest {
  const progress = (event: object): void => {
    told.push(event)
  }
  return {
    parameters: { store: '/var/store', target: '/copy', ...parameters },
    signal: aborter.signal,
    progress,
  }
}

it('version says who is there, and ping that somebody is', async () => {
  const { ping, version } = controlRequests(configuration, new MemoryStore(), administered)
  expect(await ping?.(asked({}))).toEqual({})
  expect(await version?.(asked({}))).toEqual({
    broker: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
    control: 1,
    node: 'broker-1',
    pid: process.pid,
  })
})

it('backup tells how far it is, and what it took', async () => {
  const copies: string[] = []
  const copy = async (target: string, { onProgress }: TaskControl): Promise<number> => {
    copies.push(target)
    onProgress(7)
    return 9
  }
  expect(await backUp({ backUp: copy }, { target: '/a/../copy' })).toEqual({ bytes: 9 })
  expect(copies).toEqual(['/copy'])
  expect(told).toEqual([{ bytes: 7 }])
})

it.each([
  [{ target: 'copy' }, 'wrong_parameters'],
  [{ target: 7 }, 'wrong_parameters'],
  [{ target: '/a\0' }, 'wrong_parameters'],
  [{ store: '/other' }, 'refused'],
])('backup refuses %j', async (parameters, code) => {
  const refused = backUp({ backUp: async () => 1 }, parameters)
  await expect(refused).rejects.toMatchObject({ name: 'ControlError', code })
})

it('backup is refused by a store that has no copies of its own', async () => {
  await expect(backUp({}, {})).rejects.toMatchObject({ code: 'refused' })
})

it('backup says what the disk has against it', async () => {
  const failing = async (): Promise<number> => {
    throw new StoreUnavailable('/copy cannot be written: the disk is full')
  }
  await expect(backUp({ backUp: failing }, {})).rejects.toMatchObject({
    code: 'failed',
    message: '/copy cannot be written: the disk is full',
  })
})

it('backup is done once at a time', async () => {
  const waiting = async (_: string, { signal }: TaskControl): Promise<number> => {
    if (!signal.aborted) await once(signal, 'abort')
    return 1
  }
  const store = Object.assign(new MemoryStore(), { backUp: waiting })
  const { backup } = controlRequests(configuration, store, administered)
  const first = backup?.(asked({}))
  await expect(backup?.(asked({}))).rejects.toThrow('another backup is under way')
  aborter.abort()
  expect(await first).toEqual({ bytes: 1 })
  expect(await backup?.(asked({}))).toEqual({ bytes: 1 })
})
