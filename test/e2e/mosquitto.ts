import { requireTool } from '../support/system.ts'
import { ClientProgram } from './client-program.ts'

const mosquittoSub = requireTool('mosquitto_sub')
const mosquittoPub = requireTool('mosquitto_pub')

/** Whether the tests that use `Mosquitto` cannot run. */
export const mosquittoIsMissing = mosquittoSub.isMissing || mosquittoPub.isMissing

/** mosquitto_sub with `-d` tells what it does, too; messages are marked by the format. */
const mark = '> '

/** mosquitto_sub as a subscriber that is in place. */
export class MosquittoSub {
  readonly program: ClientProgram

  constructor(program: ClientProgram) {
    this.program = program
  }

  /** What came, in the format that was asked for. */
  get messages(): string[] {
    return this.program.lines
      .filter((line) => line.startsWith(mark))
      .map((line) => line.slice(mark.length))
  }

  /** The messages, once there are so many. */
  async received(count: number): Promise<string[]> {
    await this.program.until(`${count} messages`, () => this.messages.length >= count)
    return this.messages
  }
}

/** mosquitto_sub and mosquitto_pub against one broker. */
export class Mosquitto {
  readonly #port: number

  constructor(port: number) {
    this.#port = port
  }

  /** Starts mosquitto_sub and waits for its SUBACK. `format`: see `man mosquitto_sub`. */
  async subscribe(words: readonly string[], format = '%t %p'): Promise<MosquittoSub> {
    const program = this.#sub(['-d', '-F', `${mark}${format}`, ...words])
    await program.printed('Subscribed (mid')
    return new MosquittoSub(program)
  }

  /** Subscribes, and leaves at once; with `-c` the session stays. */
  async register(words: readonly string[]): Promise<void> {
    await this.#sub(['-E', ...words]).succeeds()
  }

  /** Publishes, and waits until mosquitto_pub has done with it. */
  async publish(words: readonly string[]): Promise<void> {
    await this.#pub(words).succeeds()
  }

  /** Publishes each line as a message. */
  async publishLines(lines: readonly string[], words: readonly string[]): Promise<void> {
    const program = this.#pub(['-l', ...words])
    program.input(`${lines.join('\n')}\n`)
    await program.succeeds()
  }

  /** By way of stdbuf: what it does, as opposed to what it gets, waits in its buffer otherwise. */
  #sub(words: readonly string[]): ClientProgram {
    const at = ['-h', '127.0.0.1', '-p', `${this.#port}`]
    return new ClientProgram('stdbuf', ['-oL', mosquittoSub.path, ...at, ...words])
  }

  #pub(words: readonly string[]): ClientProgram {
    return new ClientProgram(mosquittoPub.path, [
      '-h',
      '127.0.0.1',
      '-p',
      `${this.#port}`,
      ...words,
    ])
  }
}

/** Numbered payloads: `<prefix>0`, `<prefix>1`, … */
export function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`)
}
