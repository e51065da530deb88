import type { ConnectPacket } from '../mqtt/packets.ts'
import { ReasonCode } from '../mqtt/reason-code.ts'
import { Refusal } from '../mqtt/refusal.ts'
import type { Channel } from './channel.ts'

/** MQTT 3.1 allows 1 to 23 characters. */
const lengthMaxOf31 = 23
/** Characters of an assigned id; with 62 to choose from, 131 bits. */
const assignedLength = 22

/**
 * The client id that a connection goes by: the client's own, its user name where the zone says so,
 * or a new one when the client leaves it to us. Refuses: ClientIdentifierNotValid.
 * [MQTT-3.1.3-5] [MQTT-3.1.3-6] [MQTT-3.1.3-7] [MQTT-3.1.3-8] [MQTT3-3.1.3-8]
 */
export function clientIdOf(channel: Channel, packet: ConnectPacket): string | Refusal {
  const { clientIdLengthMax, useUsernameAsClientId } = channel.zone.channel
  if (useUsernameAsClientId && packet.username !== undefined && packet.username !== '') {
    return withinLimit(packet.username, clientIdLengthMax)
  }
  const { clientId, protocolVersion } = packet
  if (clientId === '') return assignedId(channel, packet)
  if (protocolVersion === 3 && clientId.length > lengthMaxOf31) {
    const because = `a client id of ${clientId.length} characters, MQTT 3.1 has ${lengthMaxOf31}`
    return new Refusal(ReasonCode.ClientIdentifierNotValid, because)
  }
  return withinLimit(clientId, clientIdLengthMax)
}

function withinLimit(clientId: string, lengthMax: number): string | Refusal {
  const length = Buffer.byteLength(clientId)
  if (length <= lengthMax) return clientId
  const because = `a client id of ${length} bytes, the limit is ${lengthMax}`
  return new Refusal(ReasonCode.ClientIdentifierNotValid, because)
}

function assignedId(channel: Channel, packet: ConnectPacket): string | Refusal {
  if (packet.protocolVersion === 3) {
    return new Refusal(ReasonCode.ClientIdentifierNotValid, 'MQTT 3.1 wants a client id')
  }
  if (packet.protocolVersion === 4 && !packet.cleanStart) {
    const because = 'an empty client id wants clean session 1'
    return new Refusal(ReasonCode.ClientIdentifierNotValid, because)
  }
  const { random, sessions } = channel.services
  for (;;) {
    const clientId = `auto-${random.text(assignedLength)}`
    if (!sessions.has(clientId)) return clientId
  }
}
