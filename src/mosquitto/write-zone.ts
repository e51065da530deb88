import { isIPv6 } from 'node:net'
import { formatRemark, type ListenerPlan, type Plan, type Remark, type Section } from './plan.ts'

/** Writes what became of a mosquitto.conf, with the listeners that there can be. */
export function writeZone(
  plan: Plan,
  listeners: readonly ListenerPlan[],
  remarks: readonly Remark[],
): string {
  const names = namesOf(listeners)
  const lines = [
    '# Made by mqtt-broker import. What is not here has its default; config/zone.yaml of the package',
    '# shows all keys. The comments say where a setting comes from.',
    ...(remarks.length === 0
      ? []
      : ['#', '# Lines without a counterpart, or with another meaning:']),
    ...remarks.map((remark) => `#   ${formatRemark(remark)}`),
    '',
    ...section('node', plan.node),
    ...(listeners.length === 0 ? [] : ['listeners:']),
    ...listeners.flatMap((listener, index) => listenerLines(listener, names[index] as string)),
    'zones:',
    '  default:',
    ...settings(plan.zone, 4),
    ...listeners.flatMap((listener, index) => zoneLines(listener, names[index] as string)),
    ...section('store', plan.store),
    ...section('retainer', plan.retainer),
    ...section('auth', plan.auth),
    ...section('acl', plan.acl),
    ...section('sys', plan.sys),
    ...section('log', plan.log),
  ]
  return `${lines.join('\n')}\n`
}

function section(name: string, of: Section, indent = 0): string[] {
  if (of.isEmpty) return []
  return [`${' '.repeat(indent)}${name}:`, ...settings(of, indent + 2)]
}

function settings(of: Section, indent: number): string[] {
  return [...of.settings].map(
    ([key, { value, why }]) => `${' '.repeat(indent)}${key}: ${value} # ${why}`,
  )
}

function listenerLines(listener: ListenerPlan, name: string): string[] {
  const { from, zone } = listener
  const why = from === undefined ? "mosquitto's default listener" : `${from.file}:${from.line}`
  return [
    `  - name: ${name} # ${why}`,
    `    type: ${typeOf(listener)}`,
    `    bind: ${JSON.stringify(bindOf(listener))}`,
    ...(zone.isEmpty ? [] : [`    zone: ${name}`]),
    ...settings(listener.settings, 4),
    ...section('tls', listener.tls, 4),
    ...section('tcp_options', listener.tcp, 4),
    ...section('auth', listener.auth, 4),
    ...section('acl', listener.acl, 4),
  ]
}

function zoneLines({ zone }: ListenerPlan, name: string): string[] {
  return section(name, zone, 2)
}

function typeOf({ isWebSocket, tls }: ListenerPlan): string {
  if (tls.isEmpty) return isWebSocket ? 'ws' : 'tcp'
  return isWebSocket ? 'wss' : 'tls'
}

function bindOf({ domain, host, port }: ListenerPlan): string {
  const all = { ipv4: '0.0.0.0', ipv6: '[::]', both: '*' }[domain ?? 'both']
  if (host === undefined || host === '') return `${all}:${port}`
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`
}

/** `tls-8883`, and `tls-8883-2` where two addresses have the same port. */
function namesOf(listeners: readonly ListenerPlan[]): string[] {
  const seen = new Map<string, number>()
  return listeners.map((listener) => {
    const name = `${typeOf(listener)}-${listener.port}`
    const count = (seen.get(name) ?? 0) + 1
    seen.set(name, count)
    return count === 1 ? name : `${name}-${count}`
  })
}
