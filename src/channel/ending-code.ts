import { ReasonCode } from '../mqtt/reason-code.ts'

/** The codes with which a CONNACK may refuse: table 3-1 of MQTT 5.0. */
const connackCodes: ReadonlySet<number> = new Set([
  0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90, 0x95, 0x97, 0x99,
  0x9a, 0x9b, 0x9c, 0x9d, 0x9f,
])

/** The codes with which a server may disconnect: table 3-10 of MQTT 5.0. */
const disconnectCodes: ReadonlySet<number> = new Set([
  0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97,
  0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2,
])

/** Nearest words for what only the other packet can say; everything else is unspecified. */
const inConnack: ReadonlyMap<number, ReasonCode> = new Map([
  [ReasonCode.ServerShuttingDown, ReasonCode.ServerUnavailable],
])
const inDisconnect: ReadonlyMap<number, ReasonCode> = new Map([
  [ReasonCode.BadUserNameOrPassword, ReasonCode.NotAuthorized],
  [ReasonCode.Banned, ReasonCode.NotAuthorized],
  [ReasonCode.BadAuthenticationMethod, ReasonCode.NotAuthorized],
  [ReasonCode.ServerUnavailable, ReasonCode.ServerBusy],
])

/** A reason as CONNACK can say it, such as that a client was taken over before it was let in. [MQTT-3.2.2-8] */
export function connackCode(code: ReasonCode): ReasonCode {
  if (connackCodes.has(code)) return code
  return inConnack.get(code) ?? ReasonCode.UnspecifiedError
}

/** A reason as DISCONNECT can say it, such as that a client failed to authenticate again. [MQTT-3.14.2-1] */
export function disconnectCode(code: ReasonCode): ReasonCode {
  if (disconnectCodes.has(code)) return code
  return inDisconnect.get(code) ?? ReasonCode.UnspecifiedError
}
