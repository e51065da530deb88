import { SignalWatch } from '../../src/cli/signal-watch.ts'

// A program that takes for ever to stop.
const signals = new SignalWatch()
setInterval(() => {}, 1000)
process.stdout.write('ready\n')
process.stdout.write(`stopping on ${await signals.first}\n`)
