import { parse } from 'yaml'
import * as z from 'zod'
import { type DocumentedSetting, readDocumentation } from './documentation.ts'
import { schema } from './schema.ts'

/** A node of a JSON Schema, as far as it is touched here. */
interface JsonNode {
  type?: unknown
  description?: string
  default?: unknown
  anyOf?: JsonNode[]
  properties?: Record<string, JsonNode>
  items?: JsonNode
  propertyNames?: unknown
  additionalProperties?: JsonNode | boolean
}

/**
 * The JSON Schema of the configuration, for editors: the structure from the schema that checks it,
 * the words and defaults from the documented `zone.yaml`, whose text is handed in.
 */
export function configurationJsonSchema(documented: string): object {
  const root = simplify(z.toJSONSchema(schema, { io: 'input', target: 'draft-7' }) as JsonNode)
  root.description = 'The configuration of mqtt-broker.'
  for (const setting of readDocumentation(documented)) describe(root, setting)
  return root
}

function describe(root: JsonNode, setting: DocumentedSetting): void {
  let node: JsonNode | undefined = root
  for (const key of setting.path) node = stepInto(node, key)
  if (node === undefined) return
  node.description = setting.description
  if (setting.value !== '') node.default = parse(setting.value)
}

function stepInto(node: JsonNode | undefined, key: string): JsonNode | undefined {
  if (key !== '*') return node?.properties?.[key]
  if (node?.items !== undefined) return node.items
  return typeof node?.additionalProperties === 'object' ? node.additionalProperties : undefined
}

/** Writes "this or null" as one node, so that editors offer keys and show one clear message. */
function simplify(node: JsonNode): JsonNode {
  const [first, second] = node.anyOf ?? []
  if (first !== undefined && second?.type === 'null') {
    delete node.anyOf
    Object.assign(node, first, { type: [first.type, 'null'] })
  }
  delete node.propertyNames
  for (const inner of Object.values(node.properties ?? {})) simplify(inner)
  if (node.items !== undefined) simplify(node.items)
  if (typeof node.additionalProperties === 'object') simplify(node.additionalProperties)
  return node
}
