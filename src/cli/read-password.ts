import { UsageError } from './usage-error.ts'

/** Bytes of a password; the broker takes no longer one. */
const passwordBytesMax = 1024
const enter = [0x0a, 0x0d]
const endOfText = 0x03
const endOfTransmission = 0x04
const backspace = [0x08, 0x7f]

/**
 * A password: what standard input holds up to the end of its first line, or, on a terminal, what is
 * typed, which is not shown. Throws: UsageError for an empty one, or one that is too long.
 */
export async function readPassword(prompt: string): Promise<Buffer> {
  const { stdin } = process
  const password = stdin.isTTY === true ? await readTyped(prompt) : await readLine()
  if (password.length === 0)
    throw new UsageError('an empty password; wanted: one of 1 to 1024 bytes')
  if (password.length > passwordBytesMax)
    throw new UsageError(`a password of ${password.length} bytes; wanted: one of 1 to 1024 bytes`)
  return password
}

async function readLine(): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) {
    const bytes = Buffer.from(chunk as Buffer)
    const end = bytes.indexOf(0x0a)
    chunks.push(end < 0 ? bytes : bytes.subarray(0, end))
    if (end >= 0 || Buffer.concat(chunks).length > 64 * 1024) break
  }
  const line = Buffer.concat(chunks)
  return line.at(-1) === 0x0d ? line.subarray(0, -1) : line
}

/** What is typed up to the end of the line; nobody sees it from the moment of the prompt on. */
async function readTyped(prompt: string): Promise<Buffer> {
  const { stderr, stdin } = process
  stdin.setRawMode(true)
  stderr.write(`${prompt}: `)
  const typed: number[] = []
  try {
    for await (const chunk of stdin.iterator({ destroyOnReturn: false })) {
      for (const byte of chunk as Buffer) {
        if (byte === endOfText) throw new UsageError('interrupted: nothing was changed')
        if (enter.includes(byte) || byte === endOfTransmission) return Buffer.from(typed)
        if (backspace.includes(byte)) removeCharacter(typed)
        else typed.push(byte)
      }
    }
    return Buffer.from(typed)
  } finally {
    stdin.setRawMode(false)
    stdin.pause()
    stderr.write('\n')
  }
}

/** The last character, of as many bytes as it has in UTF-8. */
function removeCharacter(typed: number[]): void {
  while (typed.length > 0 && ((typed.pop() as number) & 0xc0) === 0x80) {
    // A byte that continues a character: its first one is still to come.
  }
}
