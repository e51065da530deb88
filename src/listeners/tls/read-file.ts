import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** Bytes of one file: lists of revoked certificates may be long. */
const bytesMax = 64 * 1024 * 1024

/** What is wrong with a file, as the end of a sentence that begins with it. */
export class BadFile extends Error {
  override name = 'BadFile'
}

/** Throws: BadFile. */
export function readFile(file: string): Buffer {
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch (error) {
    throw new BadFile(explain((error as NodeJS.ErrnoException).code))
  }
  if (bytes.length > bytesMax) throw new BadFile('is larger than 64MB')
  return bytes
}

/** The certificates of a PEM file, in their order; at least one. Throws: BadFile. */
export function certificatesIn(pem: Buffer): X509Certificate[] {
  const blocks = pemBlocks(pem, 'CERTIFICATE')
  if (blocks.length === 0) throw new BadFile('holds no certificate in PEM')
  try {
    return blocks.map((block) => new X509Certificate(block))
  } catch {
    throw new BadFile('holds a certificate that cannot be read')
  }
}

/** The bytes inside `-----BEGIN <label>-----` … `-----END <label>-----`. */
export function pemBlocks(pem: Buffer, label: string): Buffer[] {
  const block = new RegExp(`-----BEGIN ${label}-----([\\w+/=\\s]*)-----END ${label}-----`, 'g')
  return [...pem.toString('latin1').matchAll(block)].map((match) =>
    Buffer.from(match[1] as string, 'base64'),
  )
}

function explain(code: string | undefined): string {
  if (code === 'ENOENT') return 'is not there'
  if (code === 'EACCES') return 'may not be read by this user'
  if (code === 'EISDIR') return 'is a folder'
  return `could not be read (${code ?? 'unknown error'})`
}
