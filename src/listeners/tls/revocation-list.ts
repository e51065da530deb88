import { constants, type KeyObject, verify, type X509Certificate } from 'node:crypto'
import { BadDer, DerReader, DerTag, derTime, hexInteger, objectIdentifier } from './der.ts'
import { BadFile, pemBlocks } from './read-file.ts'

/** A list of revoked certificates whose signature has been verified (RFC 5280, section 5). */
export interface RevocationList {
  /** The issuer's name, in DER. */
  readonly issuer: Buffer
  /** Serial numbers in hexadecimal. */
  readonly serials: ReadonlySet<string>
  /** When a newer list is promised; undefined where the list says nothing. */
  readonly nextUpdate: Date | undefined
}

/** How a list is signed: the hash, null for those that have their own, and whether it is PSS. */
interface SignatureKind {
  readonly hash: string | null
  readonly isPss: boolean
}

const kinds: Readonly<Record<string, SignatureKind>> = {
  '1.2.840.113549.1.1.11': { hash: 'sha256', isPss: false },
  '1.2.840.113549.1.1.12': { hash: 'sha384', isPss: false },
  '1.2.840.113549.1.1.13': { hash: 'sha512', isPss: false },
  '1.2.840.10045.4.3.2': { hash: 'sha256', isPss: false },
  '1.2.840.10045.4.3.3': { hash: 'sha384', isPss: false },
  '1.2.840.10045.4.3.4': { hash: 'sha512', isPss: false },
  '1.3.101.112': { hash: null, isPss: false },
  '1.3.101.113': { hash: null, isPss: false },
}
const pss = '1.2.840.113549.1.1.10'
const hashes: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
}

/** An extension that may be critical: a list for a part of an issuer's certificates is one of several. */
const issuingDistributionPoint = '2.5.29.28'
/** In it, the mark of a list that has certificates of other issuers. */
const indirectTag = 0x84

/**
 * Reads the lists of a file, PEM or DER; at least one. Each must be signed by one of `authorities`.
 * Throws: BadFile.
 */
export function revocationListsIn(
  file: Buffer,
  authorities: readonly X509Certificate[],
): RevocationList[] {
  const blocks = file[0] === DerTag.Sequence ? [file] : pemBlocks(file, 'X509 CRL')
  if (blocks.length === 0) throw new BadFile('holds no list of revoked certificates (X509 CRL)')
  return blocks.map((block) => {
    try {
      return readList(block, authorities)
    } catch (error) {
      if (!(error instanceof BadDer)) throw error
      throw new BadFile(
        `holds a list of revoked certificates that cannot be read: ${error.message}`,
      )
    }
  })
}

/** A certificate's issuer in DER, and its serial number in hexadecimal. Throws: BadDer. */
export function issuerAndSerial(certificate: Buffer): { issuer: Buffer; serial: string } {
  const body = new DerReader(certificate).inside(DerTag.Sequence).inside(DerTag.Sequence)
  body.optional(DerTag.Context0)
  const serial = hexInteger(body.next(DerTag.Integer).content)
  body.next(DerTag.Sequence)
  return { issuer: body.next(DerTag.Sequence).whole, serial }
}

/** A certificate's subject in DER. Throws: BadDer. */
function subjectOf(certificate: Buffer): Buffer {
  const body = new DerReader(certificate).inside(DerTag.Sequence).inside(DerTag.Sequence)
  body.optional(DerTag.Context0)
  body.next(DerTag.Integer)
  for (let skipped = 0; skipped < 3; skipped++) body.next(DerTag.Sequence)
  return body.next(DerTag.Sequence).whole
}

function readList(der: Buffer, authorities: readonly X509Certificate[]): RevocationList {
  const outer = new DerReader(der).inside(DerTag.Sequence)
  const signed = outer.next(DerTag.Sequence)
  const kind = signatureKind(outer.inside(DerTag.Sequence))
  const bits = outer.next(DerTag.BitString).content
  if (bits[0] !== 0) throw new BadDer('a signature that is not in whole bytes')
  const body = new DerReader(signed.content)
  body.optional(DerTag.Integer)
  body.next(DerTag.Sequence)
  const issuer = body.next(DerTag.Sequence).whole
  const named = authorities.filter(({ raw }) => subjectOf(raw).equals(issuer))
  if (!named.some(({ publicKey }) => isSignedBy(publicKey, kind, signed.whole, bits.subarray(1)))) {
    throw new BadFile('holds a list that no certificate in cacertfile has signed')
  }
  body.next()
  const next = body.optional(DerTag.UtcTime, DerTag.GeneralizedTime)
  const serials = new Set<string>()
  if (body.nextTag === DerTag.Sequence) readEntries(body.inside(DerTag.Sequence), serials)
  const extensions = body.optional(DerTag.Context0)
  if (extensions !== undefined) {
    refuseCritical(new DerReader(extensions.content).inside(DerTag.Sequence))
  }
  return { issuer, serials, nextUpdate: next && derTime(next) }
}

function readEntries(entries: DerReader, serials: Set<string>): void {
  while (!entries.isAtEnd) {
    const entry = entries.inside(DerTag.Sequence)
    serials.add(hexInteger(entry.next(DerTag.Integer).content))
    entry.next()
    if (entry.nextTag === DerTag.Sequence) refuseCritical(entry.inside(DerTag.Sequence))
  }
}

/** What must be understood and is not: lists of changes only, lists with other issuers' certificates. */
function refuseCritical(extensions: DerReader): void {
  while (!extensions.isAtEnd) {
    const extension = extensions.inside(DerTag.Sequence)
    const id = objectIdentifier(extension.next(DerTag.ObjectIdentifier).content)
    const isCritical = (extension.optional(DerTag.Boolean)?.content[0] ?? 0) !== 0
    if (!isCritical) continue
    const value = extension.next(DerTag.OctetString).content
    if (id === issuingDistributionPoint && !isIndirect(value)) continue
    throw new BadFile(`holds a list with a critical extension that we do not know (${id})`)
  }
}

function isIndirect(value: Buffer): boolean {
  const fields = new DerReader(value).inside(DerTag.Sequence)
  while (!fields.isAtEnd) {
    const { content, tag } = fields.next()
    if (tag === indirectTag && content[0] !== 0) return true
  }
  return false
}

function signatureKind(algorithm: DerReader): SignatureKind {
  const id = objectIdentifier(algorithm.next(DerTag.ObjectIdentifier).content)
  const kind = id === pss ? pssKind(algorithm) : kinds[id]
  if (kind === undefined)
    throw new BadFile(`holds a list with a signature that we do not take (${id})`)
  return kind
}

/** RFC 4055, section 3.1: the hash is the first field; without it, it is SHA-1, which we do not take. */
function pssKind(algorithm: DerReader): SignatureKind | undefined {
  const field = algorithm.inside(DerTag.Sequence).optional(DerTag.Context0)
  if (field === undefined) return undefined
  const named = new DerReader(field.content).inside(DerTag.Sequence)
  const hash = hashes[objectIdentifier(named.next(DerTag.ObjectIdentifier).content)]
  return hash === undefined ? undefined : { hash, isPss: true }
}

function isSignedBy(
  key: KeyObject,
  { hash, isPss }: SignatureKind,
  signed: Buffer,
  signature: Buffer,
): boolean {
  const padding = isPss
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO }
    : {}
  try {
    return verify(hash, signed, { key, ...padding }, signature)
  } catch {
    // A key of another kind than the signature.
    return false
  }
}
