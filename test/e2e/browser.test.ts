import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type BrokerProcess, startBroker } from '../support/broker-process.ts'
import { RawClient } from '../support/raw-client.ts'
import { requireTool } from '../support/system.ts'

const tool = requireTool('chromium')
const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const listeners = [
  { name: 'tcp', type: 'tcp', bind: '127.0.0.1:0' },
  { name: 'ws', type: 'ws', bind: '127.0.0.1:0', path: '/mqtt' },
]

/** A page that has MQTT.js as a script, as its README shows it. */
const html = `<!doctype html><title>MQTT in a page</title><script src="/mqtt.min.js"></script>`
const script = readFileSync(
  join(dirname(createRequire(import.meta.url).resolve('mqtt/package.json')), 'dist/mqtt.min.js'),
)

describe.skipIf(tool.isMissing)('MQTT.js in Chromium', () => {
  let broker: BrokerProcess
  let server: Server
  let browser: Browser
  beforeAll(async () => {
    broker = await startBroker({
      config: { listeners, log: { format: 'json' } },
      listeners: ['tcp', 'ws'],
    })
    server = await servePage()
    browser = await chromium.launch({ executablePath: tool.path, args: flags })
  })
  afterAll(async () => {
    await browser?.close()
    server?.close()
    await broker?.dispose()
  })

  test.each([4, 5])('MQTT %i: a page publishes and receives', async (version) => {
    const page = await openPage()
    await connect(page, { protocolVersion: version })
    await run(page, `client.subscribeAsync('to/page', { qos: 2 })`)
    const other = await RawClient.connect({ port: broker.port() })
    await other.subscribe('from/page', { qos: 1 })
    await run(page, `client.publishAsync('from/page', 'from the page', { qos: 1 })`)
    expect((await other.expect('publish')).payload.toString()).toBe('from the page')
    const text = 'ü'.repeat(50_000)
    other.send({ cmd: 'publish', topic: 'to/page', payload: text, qos: 1, messageId: 1 })
    expect(await run(page, 'nextMessage')).toBe(text)
    await run(page, 'client.endAsync()')
  })

  test('the will of a page is published when the page is closed', async () => {
    const watcher = await RawClient.connect({ port: broker.port() })
    await watcher.subscribe('page/state', { qos: 1 })
    const page = await openPage()
    await connect(page, {
      protocolVersion: 5,
      will: { topic: 'page/state', payload: 'closed', qos: 1 },
    })
    await page.close()
    expect((await watcher.expect('publish')).payload.toString()).toBe('closed')
  })

  async function openPage(): Promise<Page> {
    const page = await browser.newPage()
    onTestFinished(() => page.close())
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    return page
  }

  /** Connects the page's `client`; its first message resolves `nextMessage`. */
  async function connect(page: Page, options: object): Promise<void> {
    const url = `ws://127.0.0.1:${broker.port('ws')}/mqtt`
    await run(
      page,
      `(async () => {
        const options = ${JSON.stringify({ reconnectPeriod: 0, ...options })}
        window.client = await mqtt.connectAsync('${url}', options)
        window.nextMessage = new Promise((resolve) => {
          client.once('message', (topic, payload) => resolve(payload.toString()))
        })
      })()`,
    )
  }
})

/** Evaluates an expression in the page; what it answers must be plain. */
async function run(page: Page, expression: string): Promise<unknown> {
  return await page.evaluate(`Promise.resolve(${expression}).then((it) =>
    typeof it === 'string' ? it : undefined)`)
}

function servePage(): Promise<Server> {
  const server = createServer((request, response) => {
    const isScript = request.url === '/mqtt.min.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? script : html)
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}
