import { chmod, lstat, mkdir, mkdtemp, rename, rm, stat, unlink } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { dirname, join } from 'node:path'

/** Bytes that systems have room for in the path of a socket. */
const pathBytesMax = process.platform === 'darwin' ? 103 : 107

/** Another process listens there already. */
export class SocketInUse extends Error {
  override name = 'SocketInUse'
}

/** No socket can be there. */
export class SocketUnavailable extends Error {
  override name = 'SocketUnavailable'
}

/** Who may open a socket. */
export interface SocketAccess {
  /** Of the socket; whoever may write may connect. */
  readonly mode: number
  /** Of the folder, where it has to be made. */
  readonly folderMode: number
  /** Connections that the system holds before they are accepted. */
  readonly backlog?: number
}

/** For who runs the broker, and nobody else. */
const ownerOnly: SocketAccess = { mode: 0o600, folderMode: 0o700 }

/** A socket in the file system on which a server listens. */
export class SocketFile {
  readonly #path: string
  readonly #inode: number

  private constructor(path: string, inode: number) {
    this.#path = path
    this.#inode = inode
  }

  /**
   * Lets a server listen, in place of a socket that nobody listens on any more. It is made in a
   * folder that only the owner can enter, so that nobody else finds it before its mode is set.
   * Rejects: SocketInUse, SocketUnavailable, or what the system says.
   */
  static async listen(
    server: Server,
    path: string,
    access: SocketAccess = ownerOnly,
  ): Promise<SocketFile> {
    refuseLongPath(path)
    const home = dirname(path)
    await mkdir(home, { recursive: true, mode: access.folderMode })
    if (await isAnswered(path)) throw new SocketInUse(`another process answers on ${path}`)
    const folder = await mkdtemp(join(home, '.c-'))
    try {
      const made = join(folder, 's')
      await listenOn(server, made, access.backlog)
      await chmod(made, access.mode)
      const { ino } = await stat(made)
      await rename(made, path)
      return new SocketFile(path, ino)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  /** Takes it away, unless another one has taken its place. */
  async remove(): Promise<void> {
    const found = await stat(this.#path).catch(() => undefined)
    if (found?.ino === this.#inode) await unlink(this.#path).catch(ignoreMissing)
  }
}

/** Throws: SocketUnavailable. */
export function refuseLongPath(path: string): void {
  const size = Buffer.byteLength(path)
  if (size <= pathBytesMax) return
  const what = `the path of a socket has at most ${pathBytesMax} bytes here, ${path} has ${size}`
  throw new SocketUnavailable(what)
}

/** Whether somebody listens. Rejects: SocketUnavailable, where something else has that name. */
async function isAnswered(path: string): Promise<boolean> {
  const found = await lstat(path).catch(ignoreMissing)
  if (found === undefined) return false
  if (!found.isSocket()) throw new SocketUnavailable(`${path} is there, and is no socket`)
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false)
      else if (error.code === 'EAGAIN') resolve(true)
      else reject(error)
    })
  })
}

function listenOn(server: Server, path: string, backlog: number | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ path, ...(backlog !== undefined && { backlog }) }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
