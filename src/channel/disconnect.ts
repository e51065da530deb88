import type { DisconnectPacket } from '../mqtt/packets.ts'
import { ReasonCode, reasonName } from '../mqtt/reason-code.ts'
import { Refusal } from '../mqtt/refusal.ts'
import type { Channel } from './channel.ts'
import { connectedClient } from './client.ts'
import { connackCode, disconnectCode } from './ending-code.ts'

/** How a connection ends. */
export interface Ending {
  readonly code: ReasonCode
  /** For the log, and for the client as Reason String. */
  readonly because: string
  /** Who ends it: the client said DISCONNECT, the network is gone, or we do. Only then a reason is sent. */
  readonly by: 'client' | 'network' | 'server'
  readonly publishWill: boolean
  /** For the log in place of `because`: what the client is not to know. */
  readonly detail?: string | undefined
  /** For the log: who CONNECT says it is, where the client is not known yet. */
  readonly claimed?: { readonly clientId: string; readonly username?: string | undefined }
  /** Seconds, when DISCONNECT changed it. */
  readonly expiryInterval?: number | undefined
}

/**
 * DISCONNECT from the client: 0x00 takes the will away, every other code leaves it. Raising the
 * expiry interval from 0 is a protocol error. [MQTT-3.14.4-3] [MQTT-3.1.2-8]
 */
export function endByClient(channel: Channel, packet: DisconnectPacket): void {
  channel.services.counters.disconnectReceived++
  const { client } = channel
  const asked = packet.sessionExpiryInterval
  if (asked !== undefined && asked > 0 && client?.expiryInterval === 0) {
    const because = 'DISCONNECT raises a session expiry interval of 0'
    return channel.refuse(new Refusal(ReasonCode.ProtocolError, because))
  }
  channel.end({
    code: packet.reasonCode,
    because: packet.reasonString ?? reasonName(packet.reasonCode),
    by: 'client',
    publishWill: packet.reasonCode !== ReasonCode.Success,
    expiryInterval:
      asked === undefined
        ? undefined
        : Math.min(
            asked === 0xffff_ffff ? Number.POSITIVE_INFINITY : asked,
            channel.zone.channel.sessionExpiryIntervalMaxS,
          ),
  })
}

/**
 * The last words: DISCONNECT once CONNACK 0x00 was sent, CONNACK with the code before, nothing
 * where the client or the network ended it. And the one log line. [MQTT-3.14.0-1] [MQTT-4.13.2-1]
 */
export function farewell(channel: Channel, ending: Ending): void {
  const { client, services, state, transport } = channel
  const fields = {
    ...ending.claimed,
    ...(client !== undefined && { clientId: client.clientId }),
    address: transport.peer.address,
    listener: transport.peer.listener,
    code: ending.code,
    reason: reasonName(ending.code),
    because: ending.detail ?? ending.because,
    by: ending.by,
  }
  if (state.isOpen) {
    if (ending.by === 'server') sendDisconnect(channel, ending)
    services.log.info(fields, 'client disconnected')
    if (client === undefined) return
    services.events.clientDisconnected?.(connectedClient(client, transport.peer), ending)
    return
  }
  if (ending.by !== 'server') return services.log.info(fields, 'connection ended before CONNACK')
  if (channel.sawConnect) sendConnack(channel, ending)
  services.log.info(fields, 'connection refused')
}

function sendDisconnect(channel: Channel, ending: Ending): void {
  const sent = channel.transport.send({
    type: 'disconnect',
    reasonCode: disconnectCode(ending.code),
    reasonString: ending.because,
  })
  if (sent) channel.services.counters.disconnectSent++
}

function sendConnack(channel: Channel, ending: Ending): void {
  const sent = channel.transport.send({
    type: 'connack',
    sessionPresent: false,
    reasonCode: connackCode(ending.code),
    reasonString: ending.because,
  })
  if (sent) channel.services.counters.connackRefused++
}
