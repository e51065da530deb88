// The peer of comparisons: Aedes on a port of this machine, its memory persistence, noDelay as ours.
//
//   node test/bench/aedes.mjs 1884
import { createServer } from 'node:net'
import process from 'node:process'
import { Aedes } from 'aedes'

const broker = await Aedes.createBroker()
const server = createServer({ noDelay: true }, broker.handle)
server.listen({ port: Number(process.argv[2] ?? 1884), host: '127.0.0.1', backlog: 4096 })
