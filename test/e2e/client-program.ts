import { type ChildProcess, spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { onTestFinished } from 'vitest'

/** Milliseconds a program may take to print what is waited for, or to end. */
const waitMsMax = 10_000

/** The folder of the project, in which README's commands are run. */
export const projectFolder = resolve(import.meta.dirname, '../..')

/** A program of others, as a user runs it in a terminal. It is killed when its test is over. */
export class ClientProgram {
  /** What it printed to standard output, line by line. */
  readonly lines: string[] = []
  errors = ''
  readonly ended: Promise<number | string>
  #rest = ''
  #isOver = false
  readonly #child: ChildProcess
  readonly #lookers = new Set<() => void>()

  constructor(path: string, words: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const environment = { ...process.env, ...env }
    this.#child = spawn(path, words, { cwd: projectFolder, env: environment })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#read(text))
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text
    })
    // Writing to a program that has ended is no error of the test.
    this.#child.stdin?.on('error', () => {})
    this.ended = new Promise((settle) => {
      this.#child.on('error', (error) => this.#end(settle, error.message))
      this.#child.on('close', (code, signal) => this.#end(settle, code ?? signal ?? 'unknown'))
    })
    onTestFinished(() => this.kill())
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Gives it all of its standard input. */
  input(text: string): void {
    this.#child.stdin?.end(text)
  }

  /** Resolves when what it has printed fits; rejects when it ends before, or takes too long. */
  until(what: string, fits: (lines: readonly string[]) => boolean): Promise<void> {
    return new Promise((settle, reject) => {
      const done = (how: () => void) => {
        clearTimeout(timer)
        this.#lookers.delete(look)
        how()
      }
      const look = () => {
        if (fits(this.lines)) done(settle)
        else if (this.#isOver) done(() => reject(new Error(`ended before ${what}:${this.story}`)))
      }
      const timer = setTimeout(() => {
        done(() => reject(new Error(`waited ${waitMsMax} ms for ${what}:${this.story}`)))
      }, waitMsMax)
      this.#lookers.add(look)
      look()
    })
  }

  /** Resolves when a line has been printed which contains `text`. */
  printed(text: string): Promise<void> {
    return this.until(`'${text}'`, (lines) => lines.some((line) => line.includes(text)))
  }

  /** Waits until it ends by itself, which must be with exit code 0. */
  async succeeds(): Promise<void> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), waitMsMax)
    const code = await this.ended
    clearTimeout(timer)
    if (code !== 0) throw new Error(`ended with ${code}:${this.story}`)
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Ends it without a word to anybody, as a crash does. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
  }

  get story(): string {
    return `\n${this.#child.spawnargs.join(' ')}\n${this.lines.join('\n')}\n${this.errors}`
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    this.lines.push(...lines)
    for (const look of this.#lookers) look()
  }

  #end(settle: (code: number | string) => void, code: number | string): void {
    if (this.#rest !== '') this.lines.push(this.#rest)
    this.#rest = ''
    this.#isOver = true
    settle(code)
    for (const look of this.#lookers) look()
  }
}
