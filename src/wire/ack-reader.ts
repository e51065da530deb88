import { AckType } from '../mqtt/packets.ts'
import { Refusal } from '../mqtt/refusal.ts'
import { checkProperties } from './check-properties.ts'
import { allowedProperties } from './property-table.ts'
import { malformed, protocolError } from './refuse.ts'

const receiptCodes = [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]
const releaseCodes = [0x00, 0x92]

/**
 * Checks the body of an acknowledgement and answers its reason code, 0 where it has none. The
 * packet identifier is its first two bytes. Refuses: MalformedPacket, ProtocolError.
 */
export function readAck(
  bytes: Buffer,
  bodyAt: number,
  end: number,
  type: AckType,
  isVersion5: boolean,
  isStrict: boolean,
): number | Refusal {
  const size = end - bodyAt
  if (size < 2 || (size > 2 && !isVersion5)) return malformed(`an acknowledgement of ${size} bytes`)
  if (bytes[bodyAt] === 0 && bytes[bodyAt + 1] === 0) {
    return protocolError('an acknowledgement of packet identifier 0')
  }
  if (size === 2) return 0
  const code = bytes[bodyAt + 2] as number
  const codes = type === AckType.Puback || type === AckType.Pubrec ? receiptCodes : releaseCodes
  if (!codes.includes(code)) return protocolError(`reason code ${code} in an acknowledgement`)
  if (size === 3) return code
  const refusal = checkProperties(bytes, bodyAt + 3, end, allowedProperties.ack, isStrict)
  if (refusal instanceof Refusal) return refusal
  return refusal === end ? code : malformed('bytes behind the properties of an acknowledgement')
}
