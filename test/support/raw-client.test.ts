import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { freePort } from './free-port.ts'
import { encode, RawClient } from './raw-client.ts'

let server: Server | undefined

afterEach(() => {
  server?.close()
})

/** A server that answers each connection as told. */
async function serve(answer: (socket: Socket) => void): Promise<number> {
  const port = await freePort()
  const listening = createServer(answer)
  server = listening
  await new Promise<void>((resolve) => listening.listen(port, '127.0.0.1', resolve))
  return port
}

const connack = encode({ cmd: 'connack', reasonCode: 0, sessionPresent: false })

test('takes packets in the order in which they came, however they were cut', async () => {
  const suback = encode({ cmd: 'suback', messageId: 7, granted: [1] })
  const port = await serve((socket) => {
    socket.write(Buffer.concat([connack, suback.subarray(0, 3)]))
    socket.once('data', () => socket.end(suback.subarray(3)))
  })
  const client = await RawClient.connect({ port })
  client.send({ cmd: 'pingreq' })
  expect((await client.expect('suback')).messageId).toBe(7)
  await client.closed()
  expect(client.received.map((received) => received.bytes)).toEqual([connack, suback])
})

test('tells what came when the connection ends before what is expected', async () => {
  const port = await serve((socket) => socket.end(connack))
  const client = await RawClient.connect({ port })
  await expect(client.expect('suback')).rejects.toThrow(
    'expected suback: closed before a packet came; so far came: connack, then the end',
  )
})

test('rejects when nothing comes within the time', async () => {
  const port = await serve((socket) => socket.write(connack))
  const client = await RawClient.connect({ port })
  await expect(client.next(1)).rejects.toThrow('waited 1 ms for a packet')
  await client.drop()
})

test('refuses to take a packet of another kind', async () => {
  const port = await serve((socket) => socket.end(Buffer.concat([connack, connack])))
  const client = await RawClient.connect({ port })
  await expect(client.expect('suback')).rejects.toThrow('expected suback, got {"cmd":"connack"')
})
