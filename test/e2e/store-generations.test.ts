import { expect, test } from 'vitest'
import { RawClient } from '../support/raw-client.ts'
import { collect, leaveSession, publish, StoreScene } from './store-kit.ts'

test('a session that begins after a kill is not taken for one that ended before it', async () => {
  const scene = new StoreScene()
  const first = await scene.start()
  await leaveSession(first, 'one', 'a')
  await leaveSession(first, 'two', 'a')
  const two = await RawClient.connect({ port: first.port() }, { clientId: 'two', clean: true })
  await first.kill()
  await two.drop()
  const second = await scene.start()
  await leaveSession(second, 'three', 'a')
  await publish(second, 'a', ['1', '2', '3'])
  await second.kill()
  const third = await scene.start()
  expect(await collect(third, 'three')).toEqual(['1', '2', '3'])
})
