/** What a connection needs of a socket, whatever carries the bytes. */
export interface ByteStream {
  /** Bytes given to `write` that the system has not taken yet. */
  readonly writableLength: number
  /** Hands over bytes, in order and as one write; they are the stream's until it has written them. */
  write(ranges: readonly Buffer[]): void
  pause(): void
  resume(): void
  /** Closes when everything is written. */
  end(): void
  /** Closes at once. */
  destroy(): void
}

/** Told what happens to a stream. After `onClose` nothing follows. */
export interface StreamReceiver {
  onData(chunk: Buffer): void
  /** Everything written so far has been taken by the system. */
  onDrain(): void
  /** `because` is for people; undefined for an ordinary end. */
  onClose(because: string | undefined): void
}
