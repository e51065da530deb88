import type { IConnectPacket } from 'mqtt-packet'
import type { ClientConnection } from './client-connection.ts'
import type { Profile } from './profile.ts'
import type { World } from './world.ts'

/** The CONNECT of an attempt, now and then with a will, which is the world's to watch from here on. */
export function connectPacket(
  world: World,
  profile: Profile,
  connection: ClientConnection,
): IConnectPacket {
  const { clientId, keepAliveS, version, willPercent } = profile
  const { attempt } = connection
  const { random, isHealing } = world
  const hasWill = !isHealing && random.below(100) < willPercent
  const properties = {
    receiveMaximum: attempt.receiveMaximum,
    ...(attempt.expiryS > 0 && { sessionExpiryInterval: attempt.expiryS }),
  }
  return {
    cmd: 'connect',
    protocolId: version === 3 ? 'MQIsdp' : 'MQTT',
    protocolVersion: version,
    clean: attempt.isClean,
    clientId,
    keepalive: keepAliveS,
    ...(version === 5 && { properties }),
    ...(hasWill && { will: drawWill(world, profile, connection) }),
  }
}

function drawWill(
  world: World,
  profile: Profile,
  connection: ClientConnection,
): NonNullable<IConnectPacket['will']> {
  const { random, wills } = world
  const { clientId, version } = profile
  const { attempt } = connection
  const delayS = version === 5 && random.below(2) === 0 ? 1 + random.below(4) : 0
  const qos = random.below(2) === 0 ? 1 : 2
  const payload = `will:${connection.name}`
  connection.will = {
    payload,
    clientId,
    qos,
    delayS,
    expiryS: attempt.expiryS,
    isDurable: !attempt.isVolatile && attempt.expiryS > 0,
    link: connection.link,
    isAccepted: false,
    isCancelled: false,
    isSettled: false,
    isUnclear: false,
    arrivals: 0,
  }
  wills.add(connection.will)
  const properties = { properties: { willDelayInterval: delayS } }
  return {
    topic: `w/${clientId}`,
    payload: Buffer.from(payload),
    qos,
    retain: false,
    ...(version === 5 && properties),
  }
}
