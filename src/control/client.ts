import { connect, type Socket } from 'node:net'
import { isJsonObject, type JsonObject } from '../base/json-object.ts'
import { LineSplitter } from '../base/line-splitter.ts'
import { refuseLongPath, type SocketUnavailable } from '../socket-file.ts'
import {
  answerBytesMax,
  type ControlCode,
  ControlError,
  controlVersion,
  lineOf,
  readObject,
} from './protocol.ts'

/** Nobody answers: no broker runs there, or none that can be reached. */
export class ControlUnreachable extends Error {
  override name = 'ControlUnreachable'
  /** What the system said: `ENOENT`, `ECONNREFUSED`, `EACCES`; undefined where it was not asked. */
  readonly code: string | undefined

  constructor(message: string, code?: string) {
    super(message)
    this.code = code
  }
}

/** Somebody was asked, and was gone or silent before the answer. */
export class ControlLost extends Error {
  override name = 'ControlLost'
}

/** What is asked of a broker that runs. */
export interface ControlQuestion {
  readonly request: string
  readonly parameters?: object
  readonly onProgress?: (event: JsonObject) => void
  /** Aborting it hangs up, which ends what is under way. */
  readonly signal?: AbortSignal
  /** Milliseconds to the answer; without it, as long as it takes. */
  readonly timeoutMs?: number
}

/**
 * Asks the broker that listens on a socket. Answers the result. Rejects: ControlUnreachable,
 * ControlLost, ControlError, or the signal's reason.
 */
export function askControl(path: string, question: ControlQuestion): Promise<JsonObject> {
  return new Promise((resolve, reject) => {
    try {
      refuseLongPath(path)
    } catch (error) {
      const { message } = error as SocketUnavailable
      return reject(new ControlUnreachable(message))
    }
    const socket = connect(path)
    const done = (settle: () => void): void => {
      socket.destroy()
      question.signal?.removeEventListener('abort', onAbort)
      settle()
    }
    const onAbort = (): void => done(() => reject(question.signal?.reason as Error))
    if (question.signal?.aborted === true) return onAbort()
    question.signal?.addEventListener('abort', onAbort)
    listenTo(socket, path, question, {
      resolve: (result) => done(() => resolve(result)),
      reject: (error) => done(() => reject(error)),
    })
  })
}

/** The end of a question, one way or the other; only the first counts. */
interface Outcome {
  resolve(result: JsonObject): void
  reject(error: Error): void
}

function listenTo(
  socket: Socket,
  path: string,
  { onProgress, parameters, request, timeoutMs }: ControlQuestion,
  outcome: Outcome,
): void {
  const lost = (why: string): void => outcome.reject(new ControlLost(`${path}: ${why}`))
  const splitter = new LineSplitter(answerBytesMax)
  socket.on('connect', () => {
    socket.write(lineOf({ control: controlVersion, request, parameters }))
  })
  socket.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    const why = `nobody answers on ${path} (${code ?? message})`
    if (socket.bytesWritten === 0) outcome.reject(new ControlUnreachable(why, code))
    else lost(`${code ?? message}`)
  })
  socket.on('close', () => lost('the broker hung up'))
  if (timeoutMs !== undefined) socket.setTimeout(timeoutMs, () => lost('the broker is silent'))
  socket.on('data', (bytes: Buffer) => {
    for (const line of splitter.push(bytes)) takeLine(line, outcome, onProgress)
    if (splitter.isTooLong) lost('the answer is too long')
  })
}

function takeLine(
  line: Buffer,
  outcome: Outcome,
  onProgress: ((event: JsonObject) => void) | undefined,
): void {
  const { error, progress, result } = readObject(line) ?? {}
  if (isJsonObject(result)) return outcome.resolve(result)
  if (isJsonObject(error)) {
    return outcome.reject(new ControlError(error.code as ControlCode, String(error.message)))
  }
  if (isJsonObject(progress)) return onProgress?.(progress)
  outcome.reject(new ControlError('malformed', 'the answer is none of this protocol'))
}
