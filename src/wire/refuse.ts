import { ReasonCode } from '../mqtt/reason-code.ts'
import { Refusal } from '../mqtt/refusal.ts'

/** The bytes cannot be read as the specification has them. [MQTT-4.13.1-1] */
export function malformed(because: string): Refusal {
  return new Refusal(ReasonCode.MalformedPacket, because)
}

/** The bytes can be read, but say something that is not allowed. [MQTT-4.13.1-1] */
export function protocolError(because: string): Refusal {
  return new Refusal(ReasonCode.ProtocolError, because)
}
