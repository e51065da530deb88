import { beforeEach, describe, expect, it } from 'vitest'
import { MemoryStore } from '../../../src/store/memory/memory-store.ts'
import { exportFormat } from '../../../src/store/transfer/format.ts'
import { contentOf, importInto } from './kit.ts'
import { clock, type Line, SampleExport } from './sample-export.ts'

let sample: SampleExport
beforeEach(async () => {
  sample = await SampleExport.make()
})

/** What an import says, of which nothing is left behind, whether the export can be read twice or not. */
async function refusalOf(text: string): Promise<string> {
  const messages: string[] = []
  for (const isRepeatable of [true, false]) {
    const store = new MemoryStore()
    const importing = importInto(async () => store, text, clock, { isRepeatable })
    const message = await importing.then(
      () => 'imported',
      (error: Error) => error.message,
    )
    messages.push(message)
    expect(await contentOf(store)).toEqual({ sessions: [], retained: [] })
  }
  expect(messages[1]).toBe(messages[0])
  return messages[0] as string
}

function numberOf(type: string): number {
  return sample.lines.findIndex((candidate) => candidate.type === type) + 1
}

describe('what is no whole export', () => {
  it('is refused where it is cut off', async () => {
    const text = sample.signed()
    const ends = [0, 40, text.length / 2, text.lastIndexOf('{') - 1, text.lastIndexOf('{')]
    for (const end of ends) {
      expect(await refusalOf(text.slice(0, end))).toMatch(
        /^x\.ndjson:(?:\d+: line: is not JSON| (?:is empty|ends behind line \d+), without a trailer)/,
      )
    }
    expect(await refusalOf(text.slice(0, text.lastIndexOf('{')))).toBe(
      'x.ndjson: ends behind line 10, without a trailer; wanted: the whole export',
    )
  })

  it('is refused where a line is missing, is there twice, or was changed', async () => {
    const text = sample.signed()
    const all = text.trimEnd().split('\n')
    const without = all.toSpliced(numberOf('retained') - 1, 1)
    expect(await refusalOf(without.join('\n'))).toBe(
      'x.ndjson:10: retained: is 1, and 0 came; wanted: as many',
    )
    const doubled = all.toSpliced(7, 0, all[7] as string)
    expect(await refusalOf(doubled.join('\n'))).toMatch(
      /^x\.ndjson:9: sequence: is 1; wanted: more/,
    )
    expect(await refusalOf(text.replace('"ada"', '"eve"'))).toBe(
      'x.ndjson:11: sha256: is not that of the lines above; wanted: lines as they were exported',
    )
    expect(await refusalOf(`${text}{"type":"trailer"}\n`)).toMatch(/^x\.ndjson:12: type: trailer/)
  })

  it('is refused when it is something else', async () => {
    const wanted = 'wanted: an export of this broker'
    expect(await refusalOf('{"a":')).toBe(`x.ndjson:1: line: is not JSON; ${wanted}`)
    expect(await refusalOf('[1]\n')).toBe(`x.ndjson:1: line: is no object; ${wanted}`)
    expect(await refusalOf('\n')).toBe(`x.ndjson:1: line: is not JSON; ${wanted}`)
    expect(await refusalOf('{"a":1}\n')).toBe('x.ndjson:1: type: is missing; wanted: a value')
    expect(await refusalOf('{"type":"hedaer"}\n')).toMatch(
      /^x\.ndjson:1: type: is "hedaer"; wanted: header, /,
    )
    expect(await refusalOf('{"type":"session"}\n')).toBe(
      'x.ndjson:1: type: session is not the first line; wanted: the lines in the order of the export',
    )
  })

  it('is refused where it is not UTF-8', async () => {
    const bytes = Buffer.from(sample.signed())
    bytes[bytes.indexOf('ada')] = 0xff
    const store = new MemoryStore()
    const failed = importInto(async () => store, bytes.toString('latin1'), clock)
    await expect(failed).rejects.toThrow(/sha256/)
    const raw = importInto(async () => store, bytes, clock)
    await expect(raw).rejects.toThrow(
      'x.ndjson:2: line: is not UTF-8; wanted: a line as it was exported',
    )
  })

  it('is refused with a newer format, and says which version reads it', async () => {
    sample.line('header').format = exportFormat + 1
    sample.line('header').whatever = 'is new'
    expect(await refusalOf(sample.signed())).toBe(
      `x.ndjson:1: format: is ${exportFormat + 1}, from a newer version; wanted: formats up to ` +
        `${exportFormat}; import it with the version that wrote it`,
    )
  })
})

describe('a field that is wrong', () => {
  it.each([
    ['session', { clientId: '' }, 'clientId: is empty; wanted: a client identifier'],
    ['session', { clientId: 7 }, 'clientId: is 7; wanted: a text of at most 65535 bytes'],
    [
      'session',
      { clientId: 'ü'.repeat(40_000) },
      'clientId: has 80000 bytes; wanted: a text of at most 65535 bytes',
    ],
    [
      'session',
      { clientId: 'a\0' },
      'clientId: has U+0000 or half a character in it; wanted: a text',
    ],
    [
      'session',
      { clientId: '\ud800' },
      'clientId: has U+0000 or half a character in it; wanted: a text',
    ],
    [
      'session',
      { generation: -1 },
      'generation: is -1; wanted: a whole number from 0 to 281474976710656',
    ],
    ['session', { generation: 2 ** 53 }, 'generation: is 9007199254740992; wanted: a whole number'],
    ['session', { expiryInterval: 1.5 }, 'expiryInterval: is 1.5; wanted: a whole number'],
    [
      'session',
      { expiryInterval: 'for ever' },
      'expiryInterval: is "for ever"; wanted: a whole number',
    ],
    ['session', { createdAt: 1e16 }, 'createdAt: is 10000000000000000; wanted: a whole number'],
    ['session', { isOver: 0 }, 'isOver: is 0; wanted: true or false'],
    ['session', { nextPacketId: 0 }, 'nextPacketId: is 0; wanted: a whole number from 1 to 65535'],
    ['session', { will: [] }, 'will: is a list; wanted: an object'],
    ['session', { toString: 1 }, 'toString: is unknown; wanted: only what the format has'],
    ['session', { 'a\nb': 1 }, 'a\\nb: is unknown; wanted: only what the format has'],
    ['session', { zone: undefined }, 'zone: is missing; wanted: a value'],
    [
      'subscription',
      { filter: 'a/#/b' },
      'filter: # must be the last level and stand alone; wanted: a topic filter',
    ],
    ['subscription', { qos: 3 }, 'qos: is 3; wanted: 0, 1 or 2'],
    ['subscription', { subscriptionId: 0 }, 'subscriptionId: is 0; wanted: a whole number from 1'],
    ['slot', { packetId: 65_536 }, 'packetId: is 65536; wanted: a whole number from 1 to 65535'],
    ['slot', { phase: 'puback' }, 'phase: is "puback"; wanted: publish or pubrel'],
    ['slot', { order: 9 }, 'order: is 2; wanted: more than 9'],
    ['slot', { packetId: 4 }, 'packetId: is 4, as it was before; wanted: each of them once'],
    ['awaitingRel', { receivedAt: null }, 'receivedAt: is null; wanted: a whole number'],
    ['lane', { lane: 2 ** 31 }, 'lane: is 2147483648; wanted: a whole number from 0 to 2147483647'],
    ['lane', { head: 5 }, 'head: is 5; wanted: at most the tail, 4'],
    ['lane', { tail: 99 }, "tail: is 99; wanted: at most the session's nextSequence, 4"],
    ['lane', { tail: 3 }, 'sequence: is 3; wanted: below the tail of its lane, 3'],
    ['queued', { sequence: 0 }, 'sequence: is 0; wanted: more than 0'],
    ['queued', { delivery: { qos: 1 } }, 'delivery.retainAsPublished: is missing'],
  ])('in a %s: %j', async (type, change, wanted) => {
    Object.assign(sample.line(type), change)
    const said = await refusalOf(sample.signed())
    expect(said).toMatch(/^x\.ndjson:\d+: /)
    expect(said).toContain(`: ${wanted}`)
  })

  it.each([
    [{ topic: 'a/+' }, 'topic: a wildcard in a topic name; wanted: a topic name'],
    [{ payload: 'eA' }, 'payload: is "eA", which is no base64; wanted: a text in base64'],
    [{ payload: 'e-A=' }, 'payload: is "e-A=", which is no base64'],
    [
      { properties: 'Aw==' },
      'properties: property 3 in PUBLISH is cut short; wanted: what a PUBLISH may have',
    ],
    [
      { properties: 'IwAB' },
      'properties: an alias and an expiry interval never travel with a message',
    ],
    [{ shape: 3, properties: 'AQE=' }, 'properties: a PUBLISH of shape 3 has no properties'],
    [{ shape: 4 }, 'shape: is 4; wanted: 3 or 5'],
    [{ from: 'x'.repeat(70_000) }, 'from: has 70000 bytes'],
    [
      { retain: false, receivedAt: undefined },
      'retain: is false; wanted: true, for what is retained',
    ],
  ])('in a message: %j', async (change, wanted) => {
    Object.assign(sample.line('retained').message as Line, change)
    expect(await refusalOf(sample.signed())).toContain(`x.ndjson:10: message.${wanted}`)
  })

  it('in a delivery: no shared filter, no identifiers', async () => {
    const { delivery } = sample.line('queued') as { delivery: Line }
    delivery.shared = '$share/g'
    expect(await refusalOf(sample.signed())).toContain(
      'delivery.shared: is no shared filter; wanted: $share/',
    )
    delivery.shared = '$share/g/a'
    for (const ids of [[], [0], ['1'], {}]) {
      delivery.subscriptionIds = ids
      expect(await refusalOf(sample.signed())).toContain('delivery.subscriptionIds: is a')
    }
  })

  it('is one of a session that is there twice', async () => {
    sample.addSessions(1)
    ;(sample.lines.at(-2) as Line).generation = 5
    expect(await refusalOf(sample.signed())).toContain(
      'x.ndjson:11: generation: is 5, as it was before; wanted: each of them once',
    )
  })
})
