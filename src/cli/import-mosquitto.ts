import { writeFileSync } from 'node:fs'
import { convert } from '../mosquitto/convert.ts'
import { formatRemark } from '../mosquitto/plan.ts'
import { readConf, UnreadableConf } from '../mosquitto/read-conf.ts'
import { once } from './command.ts'
import { ExitCode } from './exit-code.ts'
import type { ImportFlags } from './import-flags.ts'

/** Writes a zone.yaml that says what a mosquitto.conf says, and names what it cannot say. */
export function importMosquitto(flags: ImportFlags): ExitCode {
  const output = once('output', flags.output) ?? 'zone.yaml'
  try {
    const { remarks, text } = convert(readConf(flags.file))
    if (output === '-') process.stdout.write(text)
    else writeFileSync(output, text, { flag: 'wx', mode: 0o640 })
    for (const remark of remarks) process.stderr.write(`${formatRemark(remark)}\n`)
    if (output === '-') return ExitCode.Ok
    const lines = remarks.length === 1 ? '1 line has' : `${remarks.length} lines have`
    const about =
      remarks.length === 0 ? '' : `; ${lines} no counterpart or another meaning, see above`
    process.stdout.write(
      `${output} is written${about}\nNext: mqtt-broker check --config ${output}\n`,
    )
    return ExitCode.Ok
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (!(error instanceof UnreadableConf) && code === undefined) throw error
    const message =
      code === 'EEXIST'
        ? `${output} is there already; wanted: another --output, or move it away`
        : (error as Error).message
    process.stderr.write(`mqtt-broker: ${message}\n`)
    return ExitCode.Failure
  }
}
