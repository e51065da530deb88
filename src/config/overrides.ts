import { parseDocument } from 'yaml'
import { type Draft, isMapping, type Mapping, unreadable } from './draft.ts'
import type { Environment } from './expand.ts'
import { inWords } from './forms.ts'
import { isListAt } from './known-keys.ts'
import type { Path, Place, Problem } from './problem.ts'

/** A setting from the command line: `--listen` replaces `listeners`, and so on. */
export interface Override {
  /** The flag, as it is typed. */
  readonly flag: string
  readonly path: Path
  readonly value: unknown
}

const prefix = 'MQTT_BROKER__'

/** The listeners of a broker to which nobody said anything: this machine only. */
export const quickStartListeners = [{ name: 'tcp', type: 'tcp', bind: '127.0.0.1:1883' }]

/** Puts settings of the environment, in the order of their names, over what the file says. */
export function applyEnvironment(draft: Draft, environment: Environment): Problem[] {
  const names = Object.keys(environment).filter((name) => name.startsWith(prefix))
  return names.sort().flatMap((name) => {
    const problem = applyVariable(draft, name, environment[name] ?? '')
    return problem === undefined ? [] : [{ place: { kind: 'variable', name }, ...problem }]
  })
}

/** Puts settings of the command line over everything else. */
export function applyFlags(draft: Draft, overrides: readonly Override[]): void {
  for (const { flag, path, value } of overrides) {
    const place: Place = { kind: 'flag', name: flag }
    for (let length = 1; length < path.length; length++) {
      const section = path.slice(0, length)
      if (!isMapping(draft.at(section))) draft.replace(section, Object.create(null), { place })
    }
    draft.replace(path, value, { place })
  }
}

interface Fault {
  readonly path: string
  readonly message: string
}

function applyVariable(draft: Draft, name: string, value: string): Fault | undefined {
  const place: Place = { kind: 'variable', name }
  const segments = name.slice(prefix.length).split('__')
  const path: (string | number)[] = []
  for (const [index, segment] of segments.entries()) {
    const key = openAt(draft, path, segment, place)
    if (typeof key === 'object') return { path: draft.describe(path), ...key }
    path.push(key)
    const inner = draft.at(path)
    if (inner === unreadable) return undefined
    const isLast = index === segments.length - 1
    if (isLast || inner === undefined || inner === null || typeof inner === 'object') continue
    const message = 'holds a single value, so nothing inside it can be set; wanted: a shorter name'
    return { path: draft.describe(path), message }
  }
  const read = readValue(value)
  if (typeof read === 'object' && 'because' in read) {
    return { path: draft.describe(path), message: read.because }
  }
  draft.replace(path, read.value, { place })
  return undefined
}

/** Makes sure that there is a container at `path`, and answers the key that a segment means in it. */
function openAt(
  draft: Draft,
  path: Path,
  segment: string,
  place: Place,
): string | number | { message: string } {
  if (segment === '')
    return { message: `a name between __ is empty; wanted: ${prefix}SECTION__KEY` }
  let container = draft.at(path)
  if (container === undefined || container === null) {
    container = isListAt(path) ? seededList() : Object.create(null)
    draft.replace(path, container, { place })
  }
  if (Array.isArray(container)) return listKey(container, segment)
  const known = Object.keys(container as Mapping).find((key) => fold(key) === fold(segment))
  if (path[0] !== 'zones' || path.length !== 1) return known ?? segment.toLowerCase()
  if (known !== undefined || fold(segment) === 'default') return known ?? 'default'
  const zones = inWords([...new Set(['default', ...Object.keys(container as Mapping)])])
  return { message: `there is no zone ${segment.toLowerCase()}; wanted: ${zones}` }
}

function seededList(): Mapping[] {
  return quickStartListeners.map((listener) => Object.assign(Object.create(null), listener))
}

function listKey(list: readonly unknown[], segment: string): number | { message: string } {
  const names = list.map((item) => (isMapping(item) ? String(item.name) : ''))
  if (/^\d{1,4}$/.test(segment)) {
    if (Number(segment) <= list.length) return Number(segment)
    return { message: `there is no item ${segment}; wanted: an index from 0 to ${list.length}` }
  }
  const index = names.findIndex((name) => fold(name) === fold(segment))
  if (index >= 0) return index
  return {
    message: `no item is named ${segment.toLowerCase()}; wanted: ${inWords(names)}, or an index`,
  }
}

/** Names of variables have no small letters and no `-`. */
function fold(name: string): string {
  return name.toLowerCase().replaceAll('-', '_')
}

/** A list or mapping is written as YAML in one line; everything else is text, and read by its key. */
function readValue(text: string): { value: unknown } | { because: string } {
  if (!/^\s*[[{]/.test(text)) return { value: text }
  const document = parseDocument(text, { prettyErrors: false })
  if (document.errors.length === 0) return { value: document.toJS({ maxAliasCount: 0 }) }
  return { because: 'its value begins like a list or mapping but is not one; wanted: YAML' }
}
