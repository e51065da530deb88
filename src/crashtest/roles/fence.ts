import type { QoS } from '../../mqtt/subscription.ts'
import type { World } from '../clients/world.ts'

/**
 * A topic of one session's own. What is published to it behind everything else comes behind everything
 * else: when it is there, nothing of that is still on its way.
 */
export function fenceOf(world: World, name: string): readonly [filter: string, qos: QoS] {
  return [`${world.prefix}/f/${name}`, 2]
}
