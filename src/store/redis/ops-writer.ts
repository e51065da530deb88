import { ByteWriter } from '../codec/byte-writer.ts'

/**
 * Heads of MessagePack: an array and a text with four bytes of length, a text below 32 bytes, a number of
 * two bytes.
 */
const arrayHead = 0xdd
const textHead = 0xdb
const shortHead = 0xa0
const numberHead = 0xcd

/** Arguments of one command: Lua can unpack less than 8,000. */
const argumentsMax = 2000
/** What the memory for all ops of a batch shrinks to when it is used again. */
const capacityMax = 8 * 1024 * 1024

/**
 * Lists of Redis commands, which a script runs in their order: `[name, key, arguments, …]`, where a key is
 * named by its place in KEYS. Commands of the same name and key that follow each other become one.
 */
export class OpsWriter {
  /** Where a value is written to, between `textBegin` and `textEnd`. */
  readonly bytes = new ByteWriter(256 * 1024)
  #start = 0
  #entries = 0
  #name = ''
  #key = 0
  /** Where the arguments of the command begin that is written now; 0 for none. */
  #argumentsAt = 0
  #arguments = 0
  #textAt = 0

  /** Forgets everything, for the next batch. */
  reset(): void {
    this.bytes.reset(capacityMax)
  }

  /** Begins a list. */
  begin(): void {
    this.#start = this.bytes.length
    this.#entries = 0
    this.#name = ''
    this.#head(arrayHead)
  }

  /** Whether the list has nothing in it. */
  get isEmpty(): boolean {
    return this.#entries === 0
  }

  /** Bytes of the list so far. */
  get size(): number {
    return this.bytes.length - this.#start
  }

  /** Ends the list. Answers where it begins; it ends where the bytes do. */
  end(): number {
    this.#endCommand()
    this.bytes.setUint32(this.#start + 1, this.#entries)
    return this.#start
  }

  /** The next arguments, `count` of them, belong to this command; it goes on when it is the last one. */
  // hot:
  command(name: string, key: number, count: number): void {
    const isSame = name === this.#name && key === this.#key
    if (isSame && this.#arguments + count <= argumentsMax) {
      this.#arguments += count
      return
    }
    this.#endCommand()
    this.#name = name
    this.#key = key
    this.#arguments = count
    this.bytes.byte(shortHead | name.length)
    this.bytes.rawText(name)
    this.bytes.byte(numberHead)
    this.bytes.byte(key >> 8)
    this.bytes.byte(key & 0xff)
    this.#argumentsAt = this.bytes.length
    this.#head(arrayHead)
    this.#entries += 3
  }

  /** A command that is not joined with one before or behind it. */
  single(name: string, key: number, count: number): void {
    this.#name = ''
    this.command(name, key, count)
    this.#name = '-'
  }

  text(text: string): void {
    this.textBegin()
    this.bytes.rawText(text)
    this.textEnd()
  }

  number(value: number): void {
    this.textBegin()
    this.bytes.digits(value)
    this.textEnd()
  }

  textBegin(): void {
    this.#textAt = this.bytes.length
    this.#head(textHead)
  }

  textEnd(): void {
    this.bytes.setUint32(this.#textAt + 1, this.bytes.length - this.#textAt - 5)
  }

  #endCommand(): void {
    if (this.#argumentsAt > 0) this.bytes.setUint32(this.#argumentsAt + 1, this.#arguments)
    this.#argumentsAt = 0
  }

  /** A head whose length is filled in later. */
  #head(head: number): void {
    this.bytes.byte(head)
    this.bytes.skip(4)
  }
}
