// Runs, in a process of its own, the scripts that node-process.ts sends.
import fs from 'node:fs'
import { ClassicLevel } from 'classic-level'

const AsyncFunction = (async () => {}).constructor

/** What scripts leave for the next one. */
const kept = {}

process.on('message', (script) => {
  void run(script).then((answer) => process.send(answer))
})
process.on('disconnect', () => process.exit())
process.send({ value: 'ready' })

async function run(script) {
  try {
    const body = AsyncFunction('fs', 'ClassicLevel', 'kept', script)
    return { value: await body(fs, ClassicLevel, kept) }
  } catch (error) {
    return { error: error.code ?? error.message }
  }
}
