import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeMessage } from '../../src/wire/make-message.ts'
import { type PublishProperties, readPublishProperties } from '../../src/wire/properties.ts'
import { connected, generate, newEncoder, parse } from './support.ts'

/** Text that a strict decoder accepts. */
const word = fc
  .string({ unit: 'grapheme', maxLength: 20 })
  .filter((text) => !/[\p{Cc}\ufdd0-\ufdef\ufffe\uffff]/u.test(text))
const name = word.map((text) => `t${text.replaceAll(/[#+]/g, '')}`)
const payload = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
const qos = fc.constantFrom(0, 1, 2)
const version = fc.constantFrom(3, 4, 5)

const wireProperties = fc.record(
  {
    payloadFormatIndicator: fc.boolean(),
    contentType: word,
    responseTopic: name,
    correlationData: payload,
  },
  { requiredKeys: [] },
)

describe('against mqtt-packet', () => {
  test('what it generates we decode, and what we encode it parses', () => {
    fc.assert(
      fc.property(
        version,
        version,
        name,
        payload,
        qos,
        fc.boolean(),
        wireProperties,
        (from, to, topic, body, level, retain, properties) => {
          const { decoder, got } = connected(from)
          const packet = {
            cmd: 'publish',
            topic,
            payload: body,
            qos: level,
            retain,
            dup: false,
            messageId: 17,
          }
          decoder.push(generate({ ...packet, properties }, from), 0)
          expect(got.refusal).toBeUndefined()
          const message = got.messages[0]!
          expect(message).toMatchObject({ topic, qos: level, retain })
          expect(message.payload.equals(body)).toBe(true)

          const { encoder, bytes } = newEncoder({ protocolVersion: to })
          expect(
            encoder.publish(message, message.qos, retain, false, level > 0 ? 99 : 0, undefined, 0),
          ).toBe(true)
          const parsed = parse(bytes(), to).packets[0] as unknown as {
            payload: Buffer
            properties?: object
          }
          expect(parsed).toMatchObject({ cmd: 'publish', topic, qos: level, retain, dup: false })
          expect(parsed.payload.equals(body)).toBe(true)
          const kept = from === 5 && to === 5 && Object.keys(properties).length > 0
          expect(parsed.properties).toEqual(kept ? properties : undefined)
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('the properties of a message', () => {
  const pairs = fc.array(fc.tuple(word, word), { minLength: 1, maxLength: 5 })
  const all: fc.Arbitrary<PublishProperties> = fc.record(
    {
      payloadIsUtf8: fc.boolean(),
      contentType: word,
      responseTopic: name,
      correlationData: payload,
      userProperties: pairs,
    },
    { requiredKeys: [] },
  )

  test('[MQTT-3.3.2-18] are read as they were made, through encoder and decoder too', () => {
    fc.assert(
      fc.property(all, name, (properties, topic) => {
        const message = makeMessage({
          topic,
          payload: Buffer.from('p'),
          qos: 1,
          retain: false,
          from: '',
          receivedAt: 0,
          expiresAt: 4000,
          properties,
          number: 1,
        })
        expect(readPublishProperties(message.frame)).toEqual(properties)
        const { encoder, bytes } = newEncoder()
        encoder.publish(message, 1, false, false, 1, undefined, 0)
        const { decoder, got } = connected(5)
        decoder.push(bytes(), 10_000)
        expect(got.messages[0]?.expiresAt).toBe(14_000)
        expect(readPublishProperties(got.messages[0]!.frame)).toEqual(properties)
      }),
      { numRuns: 300 },
    )
  })
})
