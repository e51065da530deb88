import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import { HostNames } from './host-names.ts'
import type { KeyPairFiles, TlsOptions } from './options.ts'
import { BadFile, certificatesIn, readFile } from './read-file.ts'
import { revocationListsIn } from './revocation-list.ts'
import { Revocations } from './revocations.ts'

/** What is wrong with one of the files of `tls`. */
export interface CredentialProblem {
  /** Keys below `tls`: `['certfile']`, `['sni', 0, 'keyfile']`. */
  readonly path: readonly (string | number)[]
  /** Begins with the file, where it is about one. */
  readonly message: string
}

/** The files of `tls` cannot be used; everything that is wrong with them, at least one problem. */
export class CredentialError extends Error {
  override name = 'CredentialError'
  readonly problems: readonly CredentialProblem[]

  constructor(problems: readonly CredentialProblem[]) {
    super(problems.map(({ path, message }) => `${keyText(path)}: ${message}`).join('; '))
    this.problems = problems
  }
}

/** A certificate of ours or of those that we trust, or a list of revoked ones, for warnings about its end. */
export interface Dated {
  readonly kind: 'certificate' | 'list'
  /** `tls.certfile` and the like. */
  readonly key: string
  readonly file: string
  /** For a list, when a newer one is promised. */
  readonly validTo: Date
}

/** Everything that the files of a listener's `tls` say, read and checked. */
export interface Credentials {
  /** For clients that ask for no host name, or for an unknown one. */
  readonly context: SecureContextOptions
  /** For those that ask for a host name of `tls.sni`. */
  readonly hosts: HostNames<SecureContext>
  /** Undefined where there is no `crlfile`. */
  readonly revocations: Revocations | undefined
  readonly dated: readonly Dated[]
}

/** Reads all files. `now` is what certificates must be valid at. Throws: CredentialError. */
export function readCredentials(options: TlsOptions, now: Date): Credentials {
  return new Reader(options, now).read()
}

class Reader {
  readonly #options: TlsOptions
  readonly #now: Date
  readonly #problems: CredentialProblem[] = []
  readonly #dated: Dated[] = []

  constructor(options: TlsOptions, now: Date) {
    this.#options = options
    this.#now = now
  }

  read(): Credentials {
    const { caFile, sni } = this.#options
    const ca = caFile === undefined ? undefined : this.#readCa(caFile)
    const revocations = this.#readRevocations(ca)
    const common: SecureContextOptions = {
      minVersion: this.#options.minVersion,
      maxVersion: this.#options.maxVersion,
      honorCipherOrder: true,
      ...(ca !== undefined && { ca: ca.map((certificate) => certificate.toString()) }),
      ...this.#readCiphers(),
    }
    const pair = this.#readPair(this.#options, [])
    const context = { ...common, ...pair }
    if (pair !== undefined) this.#makeContext(context, this.#options, [])
    const hosts = new HostNames<SecureContext>()
    for (const [index, host] of sni.entries()) {
      const hostPair = this.#readPair(host, ['sni', index])
      if (hostPair === undefined) continue
      const made = this.#makeContext({ ...common, ...hostPair }, host, ['sni', index])
      if (made !== undefined) hosts.set(host.hostname, made)
    }
    if (this.#problems.length > 0) throw new CredentialError(this.#problems)
    return { context, hosts, revocations, dated: this.#dated }
  }

  #readCa(file: string): X509Certificate[] | undefined {
    return this.#try(['cacertfile'], file, () => {
      const certificates = certificatesIn(readFile(file))
      for (const { validTo } of certificates) {
        this.#date('certificate', ['cacertfile'], file, new Date(validTo))
      }
      return certificates
    })
  }

  #readRevocations(ca: readonly X509Certificate[] | undefined): Revocations | undefined {
    const { crlFile } = this.#options
    if (crlFile === undefined || ca === undefined) return undefined
    return this.#try(['crlfile'], crlFile, () => {
      const lists = revocationListsIn(readFile(crlFile), ca)
      for (const { nextUpdate } of lists) {
        if (nextUpdate !== undefined) this.#date('list', ['crlfile'], crlFile, nextUpdate)
      }
      return new Revocations(lists)
    })
  }

  #readCiphers(): SecureContextOptions {
    const { ciphers } = this.#options
    if (ciphers === undefined) return {}
    try {
      createSecureContext({ ciphers })
      return { ciphers }
    } catch {
      this.#problems.push({ path: ['ciphers'], message: 'OpenSSL knows none of these ciphers' })
      return {}
    }
  }

  #readPair(
    files: KeyPairFiles,
    under: readonly (string | number)[],
  ): { cert: Buffer; key: Buffer } | undefined {
    const certificatePath = [...under, 'certfile']
    const cert = this.#try(certificatePath, files.certFile, () => readFile(files.certFile))
    const certificate =
      cert && this.#try(certificatePath, files.certFile, () => this.#readOwn(cert))
    const key = this.#try([...under, 'keyfile'], files.keyFile, () => {
      const pem = readFile(files.keyFile)
      const read = readKey(pem)
      if (certificate?.checkPrivateKey(read) === false) {
        throw new BadFile(`is not the key of the certificate in ${files.certFile}`)
      }
      return pem
    })
    if (cert === undefined || key === undefined || certificate === undefined) return undefined
    const validTo = new Date(certificate.validTo)
    this.#date('certificate', certificatePath, files.certFile, validTo)
    return { cert, key }
  }

  #readOwn(pem: Buffer): X509Certificate {
    const certificate = certificatesIn(pem)[0] as X509Certificate
    if (new Date(certificate.validTo) <= this.#now) {
      throw new BadFile(`expired on ${certificate.validTo}`)
    }
    if (new Date(certificate.validFrom) > this.#now) {
      throw new BadFile(`is not valid before ${certificate.validFrom}`)
    }
    return certificate
  }

  /** What is left, such as a key that is too short for OpenSSL. */
  #makeContext(
    context: SecureContextOptions,
    files: KeyPairFiles,
    under: readonly (string | number)[],
  ): SecureContext | undefined {
    return this.#try([...under, 'certfile'], files.certFile, () => {
      try {
        return createSecureContext(context)
      } catch (error) {
        const { message, reason } = error as Error & { reason?: string }
        throw new BadFile(`cannot be used: ${reason ?? message}`)
      }
    })
  }

  #date(
    kind: Dated['kind'],
    path: readonly (string | number)[],
    file: string,
    validTo: Date,
  ): void {
    this.#dated.push({ kind, key: keyText(path), file, validTo })
  }

  #try<T>(path: readonly (string | number)[], file: string, read: () => T): T | undefined {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof BadFile)) throw error
      this.#problems.push({ path, message: `${file} ${error.message}` })
      return undefined
    }
  }
}

function readKey(pem: Buffer): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ERR_MISSING_PASSPHRASE') {
      throw new BadFile('is protected by a passphrase: write it without one, readable by us only')
    }
    throw new BadFile('holds no private key in PEM')
  }
}

/** `tls.certfile`, `tls.sni[0].keyfile`. */
function keyText(path: readonly (string | number)[]): string {
  return path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : `${text}.${key}`),
    'tls',
  )
}
