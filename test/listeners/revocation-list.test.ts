import { X509Certificate } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { BadFile, pemBlocks } from '../../src/listeners/tls/read-file.ts'
import { issuerAndSerial, revocationListsIn } from '../../src/listeners/tls/revocation-list.ts'
import { type Algorithm, Extension, TestCa } from '../support/certificates.ts'

let ca: TestCa
beforeAll(async () => {
  ca = await TestCa.make()
})

function trusted(...authorities: TestCa[]): X509Certificate[] {
  return authorities.map(({ pem }) => new X509Certificate(pem))
}

const rsa = { publicExponent: new Uint8Array([1, 0, 1]), modulusLength: 2048 }
const algorithms: [string, Algorithm][] = [
  ['ECDSA P-256, SHA-256', { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }],
  ['ECDSA P-384, SHA-384', { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' }],
  ['RSA, SHA-256', { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', ...rsa }],
  ['RSA, SHA-512', { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512', ...rsa }],
  ['RSA-PSS, SHA-256', { name: 'RSA-PSS', hash: 'SHA-256', saltLength: 32, ...rsa }],
  ['Ed25519', { name: 'Ed25519' }],
]

test.each(algorithms)('a list that is signed with %s is read', async (_name, algorithm) => {
  const authority = await TestCa.make('CN=Root', undefined, algorithm)
  const nextUpdate = new Date('2040-05-06T07:08:09Z')
  const pem = await authority.revoke(['0a', '00ff01', '1234567890abcdef'], nextUpdate)
  const [list] = revocationListsIn(Buffer.from(pem), trusted(ca, authority))
  expect(list?.nextUpdate).toEqual(nextUpdate)
  expect([...(list?.serials ?? [])]).toEqual(['a', 'ff01', '1234567890abcdef'])
  const certificate = new X509Certificate(authority.pem)
  expect(list?.issuer).toEqual(issuerAndSerial(certificate.raw).issuer)
})

test('several lists in one file, an empty one, and one in DER', async () => {
  const other = await TestCa.make('CN=Other')
  const file = `${await ca.revoke(['1'])}\n# a comment\n${await other.revoke([])}`
  const lists = revocationListsIn(Buffer.from(file), trusted(ca, other))
  expect(lists.map(({ serials }) => [...serials])).toEqual([['1'], []])
  const [der] = pemBlocks(Buffer.from(file), 'X509 CRL')
  expect(revocationListsIn(der ?? Buffer.alloc(0), trusted(ca))).toHaveLength(1)
})

test('a date after 2049 is read', async () => {
  const pem = await ca.revoke([], new Date('2051-01-02T03:04:05Z'))
  const [list] = revocationListsIn(Buffer.from(pem), trusted(ca))
  expect(list?.nextUpdate).toEqual(new Date('2051-01-02T03:04:05Z'))
})

describe('a file is refused', () => {
  test('that holds no list', () => {
    const read = () => revocationListsIn(Buffer.from('hello'), trusted(ca))
    expect(read).toThrow('holds no list of revoked certificates (X509 CRL)')
  })

  test('whose list is signed by nobody in cacertfile, nor by one of that name', async () => {
    const impostor = await TestCa.make('CN=Test CA')
    const pem = Buffer.from(await impostor.revoke(['1']))
    const why = 'holds a list that no certificate in cacertfile has signed'
    expect(() => revocationListsIn(pem, trusted(ca))).toThrow(why)
    expect(() => revocationListsIn(pem, [])).toThrow(why)
    expect(revocationListsIn(pem, trusted(ca, impostor))).toHaveLength(1)
  })

  test('whose list has only what changed, or another critical extension', async () => {
    const delta = new Extension('2.5.29.27', true, new Uint8Array([2, 1, 1]))
    const pem = Buffer.from(await ca.revoke(['1'], undefined, [delta]))
    expect(() => revocationListsIn(pem, trusted(ca))).toThrow(
      'holds a list with a critical extension that we do not know (2.5.29.27)',
    )
  })

  test('whose list is for other issuers too; one for a part of its own is taken', async () => {
    const indirect = new Extension('2.5.29.28', true, new Uint8Array([0x30, 3, 0x84, 1, 0xff]))
    const part = new Extension('2.5.29.28', true, new Uint8Array([0x30, 3, 0x81, 1, 0xff]))
    const read = async (extension: Extension) =>
      revocationListsIn(Buffer.from(await ca.revoke(['1'], undefined, [extension])), trusted(ca))
    await expect(read(indirect)).rejects.toThrow('critical extension')
    expect(await read(part)).toHaveLength(1)
  })

  test('when any bit of it is wrong, or its end is missing', async () => {
    const pem = Buffer.from(await ca.revoke(['1', '2']))
    const der = pemBlocks(pem, 'X509 CRL')[0] as Buffer
    for (let at = 0; at < der.length; at++) {
      const damaged = Buffer.from(der)
      damaged[at] = (damaged[at] as number) ^ (1 << (at % 8))
      expect(() => revocationListsIn(damaged, trusted(ca)), `byte ${at}`).toThrow(BadFile)
      expect(() => revocationListsIn(der.subarray(0, at), trusted(ca))).toThrow(BadFile)
    }
  })
})
