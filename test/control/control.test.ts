import { once } from 'node:events'
import { mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { askControl, ControlLost, ControlUnreachable } from '../../src/control/client.ts'
import type { ControlHandlers, ControlRequest } from '../../src/control/handlers.ts'
import { ControlError, requestBytesMax } from '../../src/control/protocol.ts'
import { ControlServer } from '../../src/control/server.ts'
import { SocketInUse, SocketUnavailable } from '../../src/socket-file.ts'
import { TestLog } from '../support/test-log.ts'

let folder: string
let path: string
let log: TestLog
const opened: { close(): unknown }[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'control-'))
  path = join(folder, 'data', 'control.sock')
  log = new TestLog()
})
afterEach(async () => {
  for (const server of opened.splice(0)) await server.close()
  rmSync(folder, { recursive: true })
})

async function open(handlers: ControlHandlers = { ping: () => ({}) }): Promise<ControlServer> {
  const server = await ControlServer.open(path, handlers, log)
  opened.push(server)
  return server
}

/** What a request sees of its own, once it is under way. */
function underWay(): {
  handler: (request: ControlRequest) => Promise<object>
  begun: Promise<ControlRequest>
} {
  let begin: (request: ControlRequest) => void = () => {}
  const begun = new Promise<ControlRequest>((resolve) => {
    begin = resolve
  })
  const handler = async (request: ControlRequest): Promise<object> => {
    begin(request)
    await once(request.signal, 'abort')
    throw request.signal.reason
  }
  return { handler, begun }
}

/** Says something on a connection of its own, and reads what comes back to its end. */
async function say(...texts: string[]): Promise<unknown[]> {
  const socket = connect(path)
  let answer = ''
  socket.setEncoding('utf8').on('data', (text: string) => {
    answer += text
    if (texts.length === 1 && answer.endsWith('\n')) socket.end()
  })
  socket.write(texts.join(''))
  await once(socket, 'close')
  return answer
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)
}

function request(name: string, more: object = {}): string {
  return `${JSON.stringify({ control: 1, request: name, ...more })}\n`
}

describe('a request', () => {
  it('is answered with the result, and with progress before it', async () => {
    await open({
      double: ({ parameters, progress }) => {
        for (const step of [1, 2]) progress({ step })
        return { twice: 2 * Number(parameters.number) }
      },
    })
    const told: unknown[] = []
    const answer = await askControl(path, {
      request: 'double',
      parameters: { number: 21 },
      onProgress: (event) => told.push(event),
    })
    expect(answer).toEqual({ twice: 42 })
    expect(told).toEqual([{ step: 1 }, { step: 2 }])
  })

  it('may follow another one on the same connection, when that one is answered', async () => {
    await open()
    const socket = connect(path)
    for (let i = 0; i < 3; i++) {
      socket.write(request('ping'))
      const [bytes] = (await once(socket, 'data')) as [Buffer]
      expect(bytes.toString()).toBe('{"result":{}}\n')
    }
    socket.destroy()
  })

  it.each([
    ['no JSON\n', 'malformed', /no request; wanted: \{"control":1,"request":"ping"\}/],
    ['[]\n', 'malformed', /no request/],
    ['{"request":"ping"}\n', 'malformed', /no request/],
    [request('ping', { control: 2 }), 'version', /version 2 of the protocol; this broker speaks 1/],
    [request('pong'), 'unknown_request', /no such request; this broker knows ping/],
    [request('toString'), 'unknown_request', /no such request/],
    [request('ping', { parameters: [1] }), 'wrong_parameters', /no object/],
    ['x'.repeat(requestBytesMax + 1), 'malformed', /more than 65536 bytes/],
  ])('that is none is told so: %.30s', async (text, code, message) => {
    await open()
    expect(await say(text)).toEqual([
      { error: { code, message: expect.stringMatching(message) as string } },
    ])
    expect(log.lines).toEqual([])
  })

  it('that comes before the last one was answered ends the connection, and that one', async () => {
    const { begun, handler } = underWay()
    await open({ wait: handler })
    const answers = say(request('wait'), request('wait'))
    const { signal } = await begun
    expect(await answers).toEqual([
      { error: { code: 'malformed', message: 'a request before the last was answered' } },
    ])
    expect(signal.aborted).toBe(true)
  })

  it('that cannot be done says which kind of fault it is', async () => {
    await open({
      refuse: () => {
        throw new ControlError('refused', 'not now')
      },
      break: () => {
        throw new TypeError('oh')
      },
    })
    const refused = askControl(path, { request: 'refuse' })
    await expect(refused).rejects.toMatchObject({ code: 'refused', message: 'not now' })
    expect(log.lines).toEqual([])
    const broken = askControl(path, { request: 'break' })
    await expect(broken).rejects.toMatchObject({ code: 'internal' })
    expect(log.messages('error')).toHaveLength(1)
  })

  it('ends when the one who asked has gone', async () => {
    const { begun, handler } = underWay()
    await open({ wait: handler })
    const aborter = new AbortController()
    const asked = askControl(path, { request: 'wait', signal: aborter.signal })
    const { signal } = await begun
    aborter.abort(new Error('enough'))
    await expect(asked).rejects.toThrow('enough')
    if (!signal.aborted) await once(signal, 'abort')
    expect((signal.reason as Error).message).toBe('the one who asked has gone')
  })

  it('is told no progress that it does not read', async () => {
    const { begun, handler } = underWay()
    await open({ wait: handler })
    const socket = connect(path)
    socket.pause()
    socket.write(request('wait'))
    const { progress } = await begun
    for (let i = 0; i < 10_000; i++) progress({ text: 'x'.repeat(1000) })
    let bytes = 0
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length
    })
    socket.resume()
    socket.end()
    await once(socket, 'close')
    expect(bytes).toBeLessThan(2_000_000)
  })
})

describe('the server', () => {
  it('ends what is under way when it closes, and waits for it', async () => {
    let isDone = false
    const { begun, handler } = underWay()
    const server = await open({
      wait: (asked) =>
        handler(asked).finally(() => {
          isDone = true
        }),
    })
    const asked = askControl(path, { request: 'wait' })
    const refused = expect(asked).rejects.toMatchObject({ message: 'the broker stops' })
    await begun
    await server.close()
    expect(isDone).toBe(true)
    await refused
    await expect(askControl(path, { request: 'ping' })).rejects.toThrow(ControlUnreachable)
  })

  it('is held up by nobody who reads nothing', async () => {
    const server = await open()
    const socket = connect(path)
    await once(socket, 'connect')
    socket.pause()
    await server.close()
    socket.destroy()
  })

  it('has a limit of connections', async () => {
    await open()
    const sockets: Socket[] = []
    for (let i = 0; i < 16; i++) {
      const socket = connect(path)
      sockets.push(socket)
      socket.write(request('ping'))
      await once(socket, 'data')
    }
    await expect(askControl(path, { request: 'ping' })).rejects.toThrow(/16 connections are open/)
    for (const socket of sockets) socket.destroy()
    await expect.poll(() => askControl(path, { request: 'ping' }).catch(() => 'full')).toEqual({})
  })
})

describe('the socket', () => {
  it('is for its owner only, in a folder of which the same is true, and goes at the end', async () => {
    const server = await open()
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(join(folder, 'data')).mode & 0o777).toBe(0o700)
    expect(readdirSync(join(folder, 'data'))).toEqual(['control.sock'])
    await server.close()
    expect(readdirSync(join(folder, 'data'))).toEqual([])
  })

  it('takes the place of one that nobody listens on', async () => {
    const server = await open()
    renameSync(path, `${path}.stale`)
    await server.close()
    renameSync(`${path}.stale`, path)
    await expect(askControl(path, { request: 'ping' })).rejects.toThrow(ControlUnreachable)
    await open()
    expect(await askControl(path, { request: 'ping' })).toEqual({})
  })

  it('takes nobody else away', async () => {
    const server = await open()
    rmSync(path)
    await open()
    await server.close()
    expect(await askControl(path, { request: 'ping' })).toEqual({})
  })

  it('is refused where another process answers, or where something else has its name', async () => {
    await open()
    await expect(open()).rejects.toThrow(SocketInUse)
    path = join(folder, 'data', 'file')
    writeFileSync(path, 'mine')
    await expect(open()).rejects.toThrow(/is there, and is no socket/)
    path = join(folder, 'x'.repeat(100), 'control.sock')
    await expect(open()).rejects.toThrow(SocketUnavailable)
    await expect(askControl(path, { request: 'ping' })).rejects.toThrow(ControlUnreachable)
  })
})

describe('the client', () => {
  /** A server of another kind, which does what it is told with each connection. */
  async function serve(onConnection: (socket: Socket) => void): Promise<void> {
    path = join(folder, 's')
    const server: Server = createServer(onConnection).listen(path)
    opened.push(server)
    await once(server, 'listening')
  }

  it('says when the broker is lost in the middle', async () => {
    await serve((socket) => socket.once('data', () => socket.destroy()))
    await expect(askControl(path, { request: 'ping' })).rejects.toThrow(ControlLost)
  })

  it('waits no longer than it is told to', async () => {
    await serve((socket) => socket.on('error', () => socket.destroy()))
    const asked = askControl(path, { request: 'ping', timeoutMs: 10 })
    await expect(asked).rejects.toThrow('the broker is silent')
  })

  it.each(['no JSON\n', '{"what":1}\n', `${'x'.repeat(2_000_000)}`])(
    'refuses answers of another protocol: %.20s',
    async (answer) => {
      await serve((socket) => {
        socket.on('error', () => socket.destroy())
        socket.write(answer)
      })
      await expect(askControl(path, { request: 'ping' })).rejects.toThrow(
        /none of this protocol|too long/,
      )
    },
  )
})
