import { type ChildProcess, spawn } from 'node:child_process'
import { resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')

/** A TypeScript file of ours, run as a process. */
export class Program {
  output = ''
  errors = ''
  readonly ended: Promise<number | string>
  readonly #child: ChildProcess
  #look: () => void = () => {}

  constructor(file: string, words: readonly string[], environment: Record<string, string> = {}) {
    this.#child = spawn(process.execPath, ['--import', 'tsx', resolve(root, file), ...words], {
      cwd: root,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.output += text
      this.#look()
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text
    })
    this.ended = new Promise((settle) => {
      this.#child.once('close', (code, signal) => settle(code ?? signal ?? 'unknown'))
    })
  }

  /** Resolves when `text` has been printed; rejects when the program ends without. */
  printed(text: string): Promise<void> {
    return new Promise((settle, reject) => {
      this.#look = () => {
        if (this.output.includes(text)) settle()
      }
      this.#look()
      void this.ended.then((code) =>
        reject(new Error(`ended with ${code}: ${this.output}${this.errors}`)),
      )
    })
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }
}

/** Runs the command line to its end. */
export async function mqttBroker(
  words: readonly string[],
  environment: Record<string, string> = {},
): Promise<{ code: number | string; output: string; errors: string }> {
  const program = new Program('src/cli/main.ts', words, environment)
  const code = await program.ended
  return { code, output: program.output, errors: program.errors }
}
