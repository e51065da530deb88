import { describe, expect, test } from 'vitest'
import { AdminKit } from './kit.ts'

const notFound = { name: 'ControlError', code: 'not_found' }

describe('clients', () => {
  test('are listed while they are connected, with where they come from', async () => {
    const kit = new AdminKit()
    await kit.test.connect({ clientId: 'a', username: 'ann', keepalive: 30 })
    await kit.leave('b')
    const { data, meta } = await kit.ask('clients.list')
    expect(meta).toEqual({ limit: 100, count: 1 })
    expect(data).toEqual([
      {
        clientid: 'a',
        username: 'ann',
        ip_address: '10.0.0.1',
        port: 1,
        listener: 'tcp',
        zone: 'default',
        proto_ver: 5,
        keepalive: 30,
        connected_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
        subscriptions_cnt: 0,
        inflight_cnt: 0,
        mqueue_len: 0,
      },
    ])
  })

  test('are shown one by one, with their session', async () => {
    const kit = new AdminKit({ session: { inflightMax: 9, mqueueLengthMax: Infinity } })
    await kit.connect('a')
    const shown = await kit.ask('clients.show', { clientid: 'a' })
    expect(shown).toMatchObject({ clientid: 'a', ip_address: '10.0.0.1', connected: true })
    expect(shown).toMatchObject({ inflight_max: 9, mqueue_max: 'infinity', expiry_interval: 0 })
    await kit.leave('b')
    await expect(kit.ask('clients.show', { clientid: 'b' })).rejects.toMatchObject(notFound)
  })

  test('are kicked: 0x98, and the session stays as agreed', async () => {
    const kit = new AdminKit()
    const client = await kit.test.connect({
      clientId: 'a',
      clean: false,
      properties: { sessionExpiryInterval: 60 },
    })
    expect(await kit.ask('clients.kick', { clientid: 'a' })).toEqual({ kicked: 'a' })
    expect((await client.expect('disconnect')).reasonCode).toBe(0x98)
    expect(await kit.ask('sessions.show', { clientid: 'a' })).toMatchObject({ connected: false })
    await expect(kit.ask('clients.kick', { clientid: 'a' })).rejects.toMatchObject({
      ...notFound,
      message: 'no client "a" is connected',
    })
  })
})

describe('sessions', () => {
  test('are listed connected or not, and by what client id and user name begin with', async () => {
    const kit = new AdminKit()
    await kit.connect('x/1')
    await kit.leave('x/2', ['t'], 'ann')
    await kit.leave('y', [], 'anton')
    const ids = async (wish: object) =>
      ((await kit.ask('sessions.list', { ...wish })).data as { clientid: string }[]).map(
        ({ clientid }) => clientid,
      )
    expect(await ids({})).toEqual(['x/1', 'x/2', 'y'])
    expect(await ids({ clientid_prefix: 'x/' })).toEqual(['x/1', 'x/2'])
    expect(await ids({ username_prefix: 'an' })).toEqual(['x/2', 'y'])
    expect(await ids({ username_prefix: 'an', clientid_prefix: 'y' })).toEqual(['y'])
  })

  test('say what waits in them', async () => {
    const kit = new AdminKit()
    await kit.leave('a', ['t'])
    await kit.publish('t', 'text')
    expect(await kit.ask('sessions.show', { clientid: 'a' })).toMatchObject({
      connected: false,
      subscriptions_cnt: 1,
      mqueue_len: 1,
      messages_enqueued: 1,
      expiry_interval: 60,
    })
  })

  test('are dropped with everything in them, connected or not', async () => {
    const kit = new AdminKit()
    const [client] = await kit.connect('a')
    await kit.leave('b', ['t'])
    expect(await kit.ask('sessions.drop', { clientid: 'a' })).toEqual({ dropped: 'a' })
    expect((await client?.expect('disconnect'))?.reasonCode).toBe(0x98)
    await kit.ask('sessions.drop', { clientid: 'b' })
    expect(await kit.ask('subscriptions.list')).toMatchObject({ data: [], meta: { count: 0 } })
    await expect(kit.ask('sessions.drop', { clientid: 'b' })).rejects.toMatchObject(notFound)
  })
})

describe('subscriptions', () => {
  test('are listed of all sessions, of some, or of one', async () => {
    const kit = new AdminKit()
    await kit.leave('a', ['t', '$share/g/u'])
    await kit.leave('b', ['v'])
    const topics = async (wish: object) =>
      ((await kit.ask('subscriptions.list', { ...wish })).data as { topic: string }[]).map(
        ({ topic }) => topic,
      )
    expect(await topics({})).toEqual(['t', '$share/g/u', 'v'])
    expect(await topics({ clientid_prefix: 'b' })).toEqual(['v'])
    expect(await topics({ clientid: 'a' })).toEqual(['t', '$share/g/u'])
    await expect(topics({ clientid: 'c' })).rejects.toMatchObject(notFound)
    const { data } = await kit.ask('subscriptions.list', { clientid: 'b' })
    const plain = { clientid: 'b', topic: 'v', qos: 1, nl: false, rap: false, rh: 0, subid: null }
    expect(data).toEqual([plain])
  })
})

describe('what is wrong with a request', () => {
  test.each([
    ['clients.list', { limit: 0 }, 'limit: wanted is a whole number from 1 to 1000'],
    ['clients.list', { cursor: -1 }, 'cursor: wanted is a whole number from 0'],
    ['clients.list', { clientid_prefix: 7 }, 'clientid_prefix: wanted is a text'],
    ['clients.show', {}, 'clientid: wanted is a text'],
    ['retained.list', { filter: 'a/#/b' }, 'filter: wanted is a topic filter'],
    ['retained.list', { filter: '$share/g/a' }, 'filter: wanted is a topic filter'],
    ['log_level', { level: 'loud' }, 'level: wanted is trace, debug'],
  ])('%s %j', async (request, parameters, message) => {
    await expect(new AdminKit().ask(request, parameters)).rejects.toMatchObject({
      code: 'wrong_parameters',
      message: expect.stringContaining(message) as string,
    })
  })
})
