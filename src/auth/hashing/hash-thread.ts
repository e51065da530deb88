import { Worker } from 'node:worker_threads'
import type { HashTask } from './hash-worker.ts'

/** What a thread answers with; an Error is a fault of the environment. */
export type HashOutcome = boolean | Error

/** A thread for hashes, with one task at a time. It keeps no process alive. */
export class HashThread {
  readonly #worker: Worker
  #onDone: ((outcome: HashOutcome) => void) | undefined
  #isOver = false

  constructor() {
    this.#worker = newWorker()
    this.#worker.unref()
    this.#worker.on('message', (outcome: boolean | string) => {
      this.#settle(typeof outcome === 'string' ? new Error(outcome) : outcome)
    })
    this.#worker.on('error', (error) => this.#end(error))
    this.#worker.on('exit', (code) => this.#end(new Error(`the hash thread ended with ${code}`)))
  }

  get isBusy(): boolean {
    return this.#onDone !== undefined
  }

  /** It takes no task any more. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Not to be called while it is busy or over. */
  run(task: HashTask, onDone: (outcome: HashOutcome) => void): void {
    this.#onDone = onDone
    this.#worker.postMessage(task)
  }

  async close(): Promise<void> {
    this.#isOver = true
    await this.#worker.terminate()
  }

  #end(because: unknown): void {
    this.#isOver = true
    this.#settle(because instanceof Error ? because : new Error(String(because)))
  }

  #settle(outcome: HashOutcome): void {
    const onDone = this.#onDone
    this.#onDone = undefined
    onDone?.(outcome)
  }
}

/** From the sources, as tests have it, the thread has to learn TypeScript first. */
function newWorker(): Worker {
  if (!import.meta.url.endsWith('.ts'))
    return new Worker(new URL('./hash-worker.js', import.meta.url))
  const file = JSON.stringify(new URL('./hash-worker.ts', import.meta.url).href)
  const code = `import('tsx/esm/api').then((tsx) => { tsx.register(); return import(${file}) })`
  return new Worker(code, { eval: true })
}
