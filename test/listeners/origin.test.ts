import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { isAllowedOrigin } from '../../src/listeners/origin.ts'
import { TestLog } from '../support/test-log.ts'
import { startTlsDaemon } from '../support/tls-daemon.ts'

const allowed = ['https://app.example.com', 'https://*.example.org', 'null']

test.each([
  [undefined, true],
  ['https://app.example.com', true],
  ['HTTPS://App.Example.com', true],
  ['http://app.example.com', false],
  ['https://app.example.com:8443', false],
  ['https://example.com', false],
  ['https://a.example.org', true],
  ['https://a.b.example.org', true],
  ['https://example.org', false],
  ['https://.example.org', false],
  ['https://evilexample.org', false],
  ['null', true],
  ['', false],
])('%s: %s', (origin, isAllowed) => {
  expect(isAllowedOrigin(origin, allowed)).toBe(isAllowed)
  expect(isAllowedOrigin(origin, undefined)).toBe(true)
})

test('a browser on a page of another origin is answered 403', async () => {
  const listener = { name: 'ws', type: 'ws', allowedOrigins: allowed } as const
  const daemon = await startTlsDaemon([listener], new TestLog())
  const url = `ws://127.0.0.1:${daemon.listeners[0]?.port}/mqtt`
  const ask = (origin: string): Promise<number> =>
    new Promise((resolve) => {
      const socket = new WebSocket(url, ['mqtt'], { origin })
      socket.once('open', () => resolve(101))
      socket.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0))
      socket.on('error', () => {})
    })
  expect(await ask('https://app.example.com')).toBe(101)
  expect(await ask('https://elsewhere.example')).toBe(403)
  await daemon.stop()
})
