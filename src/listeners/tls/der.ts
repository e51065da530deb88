/** Tags of ASN.1 that certificates and lists of revoked ones have. */
export const DerTag = {
  Boolean: 0x01,
  Integer: 0x02,
  BitString: 0x03,
  OctetString: 0x04,
  ObjectIdentifier: 0x06,
  UtcTime: 0x17,
  GeneralizedTime: 0x18,
  Sequence: 0x30,
  Context0: 0xa0,
} as const

/** The bytes are no DER, or none of the form that is asked for. */
export class BadDer extends Error {
  override name = 'BadDer'
}

/** One value: where it stands in its bytes. */
export interface DerValue {
  readonly tag: number
  /** With tag and length. */
  readonly whole: Buffer
  readonly content: Buffer
}

/** Reads DER values one after the other. The buffers that it answers are views of the one it got. */
export class DerReader {
  readonly #bytes: Buffer
  #offset = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#offset >= this.#bytes.length
  }

  /** The tag of the next value; undefined at the end. */
  get nextTag(): number | undefined {
    return this.#bytes[this.#offset]
  }

  /** The next value, which must have that tag where one is given. Throws: BadDer. */
  next(tag?: number): DerValue {
    const start = this.#offset
    const found = this.#bytes[start]
    if (found === undefined || (tag !== undefined && found !== tag)) {
      throw new BadDer(`a value with tag ${tag} is missing`)
    }
    if ((found & 0x1f) === 0x1f) throw new BadDer('a tag of several bytes')
    const { length, at } = this.#readLength(start + 1)
    const end = at + length
    if (end > this.#bytes.length) throw new BadDer('a value is cut off')
    this.#offset = end
    return {
      tag: found,
      whole: this.#bytes.subarray(start, end),
      content: this.#bytes.subarray(at, end),
    }
  }

  /** The same if the next value has that tag, else undefined. Throws: BadDer. */
  optional(...tags: number[]): DerValue | undefined {
    const tag = this.nextTag
    return tag !== undefined && tags.includes(tag) ? this.next() : undefined
  }

  /** A reader of what is inside the next value. Throws: BadDer. */
  inside(tag: number): DerReader {
    return new DerReader(this.next(tag).content)
  }

  #readLength(at: number): { length: number; at: number } {
    const first = this.#bytes[at]
    if (first === undefined) throw new BadDer('a length is missing')
    if (first < 0x80) return { length: first, at: at + 1 }
    const size = first & 0x7f
    if (size === 0 || size > 4 || at + 1 + size > this.#bytes.length) {
      throw new BadDer('a length is not readable')
    }
    return { length: this.#bytes.readUIntBE(at + 1, size), at: at + 1 + size }
  }
}

/** An object identifier as people write it, `2.5.29.20`. */
export function objectIdentifier(content: Buffer): string {
  const numbers: number[] = []
  let number = 0
  for (const byte of content) {
    number = number * 128 + (byte & 0x7f)
    if ((byte & 0x80) !== 0) continue
    if (numbers.length > 0) numbers.push(number)
    else {
      const first = Math.min(2, Math.floor(number / 40))
      numbers.push(first, number - first * 40)
    }
    number = 0
  }
  return numbers.join('.')
}

/** The digits of an integer in hexadecimal, in lower case and without leading zeros. */
export function hexInteger(content: Buffer): string {
  return content.toString('hex').replace(/^0+(?=.)/, '')
}

/** A UTCTime or GeneralizedTime, which in certificates end with Z. Throws: BadDer. */
export function derTime({ tag, content }: DerValue): Date {
  const text = content.toString('latin1')
  const match = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text)
  const digits = tag === DerTag.UtcTime ? 2 : 4
  if (match === null || match[1]?.length !== digits) throw new BadDer('a time is not readable')
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  // RFC 5280, 4.1.2.5.1: two digits stand for 1950 to 2049.
  const century = digits === 4 ? 0 : year < 50 ? 2000 : 1900
  return new Date(Date.UTC(century + year, month - 1, day, hour, minute, second))
}
