import { existsSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Daemon } from '../../src/daemon.ts'
import { RawClient } from '../support/raw-client.ts'
import { TestLog } from '../support/test-log.ts'
import { startTlsDaemon } from '../support/tls-daemon.ts'

let folder: string
let unixPath: string
const daemons: Daemon[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mqtt-broker-unix-'))
  unixPath = join(folder, 'run', 'mqtt.sock')
})
afterEach(async () => {
  await Promise.all(daemons.splice(0).map((daemon) => daemon.stop()))
  rmSync(folder, { recursive: true })
})

async function listen(log = new TestLog(), socketMode = 0o660): Promise<Daemon> {
  const daemon = await startTlsDaemon([{ name: 'local', unixPath, socketMode }], log)
  daemons.push(daemon)
  return daemon
}

async function open(): Promise<RawClient> {
  const socket = connect(unixPath)
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  return new RawClient(socket)
}

test('a client connects through a Unix socket, which has the mode that is set', async () => {
  const log = new TestLog()
  const daemon = await listen(log, 0o600)
  const client = await open()
  expect((await client.handshake()).reasonCode).toBe(0)
  expect(statSync(unixPath).mode & 0o777).toBe(0o600)
  expect(daemon.listeners[0]).toMatchObject({ address: unixPath, port: 0 })
  const line = log.lines.find(({ message }) => message === 'client connected')
  expect(line?.fields).toMatchObject({ address: 'unix', listener: 'local' })
})

test('it is taken away when the broker stops', async () => {
  const daemon = await listen()
  await daemon.stop()
  expect(existsSync(unixPath)).toBe(false)
})

test('one that nobody listens on any more is replaced', async () => {
  await (await listen()).stop()
  const holder = createServer().listen(join(folder, 'run', 'other.sock'))
  await new Promise((resolve) => holder.once('listening', resolve))
  renameSync(join(folder, 'run', 'other.sock'), unixPath)
  await new Promise((resolve) => holder.close(resolve))
  expect(existsSync(unixPath)).toBe(true)
  await listen()
  expect((await (await open()).handshake()).reasonCode).toBe(0)
})

test('one that another process answers on is left alone', async () => {
  await listen()
  await expect(listen()).rejects.toThrow(
    `listener local (tcp unix:${unixPath}): another process answers on ${unixPath}`,
  )
  expect((await (await open()).handshake()).reasonCode).toBe(0)
})

test('a file that is no socket is left alone', async () => {
  unixPath = join(folder, 'file')
  writeFileSync(unixPath, 'precious')
  await expect(listen()).rejects.toThrow(`${unixPath} is there, and is no socket`)
  expect(existsSync(unixPath)).toBe(true)
})
