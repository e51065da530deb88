import 'reflect-metadata'
import type { webcrypto } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  BasicConstraintsExtension,
  Extension,
  type JsonGeneralNames,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
  X509CrlGenerator,
} from '@peculiar/x509'

/** From here, so that reflect-metadata is there first. */
export { Extension }

const ecdsa: Algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const dayMs = 86_400_000

/** What Web Cryptography makes keys and signatures with. */
export type Algorithm = { readonly name: string } & Readonly<Record<string, unknown>>

/** A certificate with its key. */
export interface Issued {
  readonly certificate: X509Certificate
  readonly keys: webcrypto.CryptoKeyPair
}

/** What a certificate is to say otherwise than by default. */
export interface IssueWish {
  /** As RFC 4514 writes it, but with the first part first: `O=Example, CN=sensor-1`. */
  readonly subject?: string
  readonly hosts?: readonly string[]
  readonly validFrom?: Date
  readonly validTo?: Date
  readonly isCa?: boolean
  /** Hexadecimal. */
  readonly serial?: string
}

let serials = 0

/** A certificate authority for one test run: nothing of it is committed, so nothing expires. */
export class TestCa {
  readonly issued: Issued

  readonly #algorithm: Algorithm

  private constructor(issued: Issued, algorithm: Algorithm) {
    this.issued = issued
    this.#algorithm = algorithm
  }

  /** A root, or one that `above` has signed. */
  static async make(subject = 'CN=Test CA', above?: TestCa, algorithm = ecdsa): Promise<TestCa> {
    if (above !== undefined) return new TestCa(await above.issue({ subject, isCa: true }), ecdsa)
    return new TestCa(await issue({ subject, isCa: true }, undefined, algorithm), algorithm)
  }

  get pem(): string {
    return this.issued.certificate.toString('pem')
  }

  issue(wish: IssueWish): Promise<Issued> {
    return issue(wish, this.issued, this.#algorithm)
  }

  /** A list of revoked certificates in PEM. */
  async revoke(
    serials: readonly string[],
    nextUpdate?: Date,
    extensions: Extension[] = [],
  ): Promise<string> {
    const crl = await X509CrlGenerator.create({
      issuer: this.issued.certificate.subject,
      thisUpdate: new Date(Date.now() - dayMs),
      nextUpdate: nextUpdate ?? new Date(Date.now() + 30 * dayMs),
      entries: serials.map((serialNumber) => ({ serialNumber, revocationDate: new Date() })),
      extensions,
      signingAlgorithm: this.#algorithm,
      signingKey: this.issued.keys.privateKey,
    })
    return PemConverter.encode(crl.rawData, 'X509 CRL')
  }
}

async function issue(
  wish: IssueWish,
  by: Issued | undefined,
  algorithm: Algorithm,
): Promise<Issued> {
  const own = by === undefined ? algorithm : ecdsa
  const keys = (await crypto.subtle.generateKey(own as never, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair
  const names: JsonGeneralNames = (wish.hosts ?? []).map((value) => ({
    type: /^[\d.]+$/.test(value) ? 'ip' : 'dns',
    value,
  }))
  const subject = wish.subject ?? `CN=${wish.hosts?.[0] ?? 'nobody'}`
  const certificate = await X509CertificateGenerator.create({
    serialNumber: wish.serial ?? (++serials + 0x1000).toString(16),
    subject,
    issuer: by?.certificate.subject ?? subject,
    notBefore: wish.validFrom ?? new Date(Date.now() - dayMs),
    notAfter: wish.validTo ?? new Date(Date.now() + 365 * dayMs),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: (by?.keys ?? keys).privateKey,
    extensions: [
      new BasicConstraintsExtension(wish.isCa === true, undefined, true),
      ...(names.length > 0 ? [new SubjectAlternativeNameExtension(names)] : []),
    ],
  })
  return { certificate, keys }
}

/** Files of PEM in a folder of their own. */
export class CertificateFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'mqtt-broker-tls-'))

  /** Writes a file; answers its path. */
  write(name: string, text: string): string {
    const path = join(this.path, name)
    writeFileSync(path, text)
    return path
  }

  /** Writes `<name>.crt` and `<name>.key`; answers their paths. */
  async writePair(name: string, issued: Issued): Promise<{ certFile: string; keyFile: string }> {
    return {
      certFile: this.write(`${name}.crt`, issued.certificate.toString('pem')),
      keyFile: this.write(`${name}.key`, await keyPem(issued)),
    }
  }

  dispose(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

export async function keyPem({ keys }: Issued): Promise<string> {
  return PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')
}
