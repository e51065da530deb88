import { BlockList, isIP } from 'node:net'
import { type AclRule, aclActions, unknownPlaceholder } from '../auth/acl/rule.ts'
import { checkTopicFilter, isSharedFilter } from '../mqtt/topic.ts'
import { isMapping, type Mapping } from './draft.ts'
import { type Form, Wrong } from './form.ts'
import { inWords } from './forms.ts'

const keys = ['allow', 'deny', 'topics', 'username', 'clientid', 'ipaddr']
const textOrList = { type: ['string', 'array'], items: { type: 'string' } }
const action = { enum: aclActions }

/** `acl.rules`: `{ allow: subscribe, topics: [a/#], username: alice }` and so on. */
export const rulesForm: Form<readonly AclRule[]> = {
  wanted: 'a list of rules, such as { allow: all, topics: ["devices/${clientid}/#"] }',
  json: {
    type: 'array',
    items: {
      type: 'object',
      properties: {
        allow: action,
        deny: action,
        topics: textOrList,
        username: textOrList,
        clientid: textOrList,
        ipaddr: textOrList,
      },
      required: ['topics'],
      additionalProperties: false,
    },
  },
  read: (written) => {
    if (!Array.isArray(written)) return new Wrong('is not a list')
    const rules: AclRule[] = []
    for (const [index, item] of written.entries()) {
      const rule = readRule(item)
      if (rule instanceof Wrong) return new Wrong(rule.because, [index, ...rule.path], rule.wanted)
      rules.push(rule)
    }
    return rules
  },
}

function readRule(item: unknown): AclRule | Wrong {
  if (!isMapping(item)) return new Wrong('is not a mapping', [], 'a rule')
  const stranger = Object.keys(item).find((key) => !keys.includes(key))
  if (stranger !== undefined) return new Wrong('is no key of a rule', [stranger], inWords(keys))
  const verdict = readVerdict(item)
  if (verdict instanceof Wrong) return verdict
  const topics = readTexts(item, 'topics', checkTopic, 'a list of topic filters')
  if (topics instanceof Wrong) return topics
  if (topics === undefined) return new Wrong('has no topics', [], 'topics: a list of topic filters')
  const usernames = readTexts(item, 'username', () => undefined, 'a user name, or a list of them')
  if (usernames instanceof Wrong) return usernames
  const clientIds = readTexts(item, 'clientid', () => undefined, 'a client id, or a list of them')
  if (clientIds instanceof Wrong) return clientIds
  const addresses = readAddresses(item)
  if (addresses instanceof Wrong) return addresses
  return { ...verdict, topics, usernames, clientIds, addresses }
}

function readVerdict(item: Mapping): Pick<AclRule, 'isAllow' | 'action'> | Wrong {
  const said = ['allow', 'deny'].filter((key) => item[key] !== undefined)
  const [verdict] = said
  if (verdict === undefined || said.length > 1) {
    return new Wrong('wants one of allow and deny', [], 'allow or deny, and topics')
  }
  const found = aclActions.find((word) => word === item[verdict])
  if (found === undefined)
    return new Wrong('is not one of the values', [verdict], inWords(aclActions))
  return { isAllow: verdict === 'allow', action: found }
}

/** One text or a list of them, none empty; undefined where the key is absent. */
function readTexts(
  item: Mapping,
  key: string,
  faultOf: (text: string) => string | undefined,
  wanted: string,
): readonly string[] | undefined | Wrong {
  const written = item[key]
  if (written === undefined) return undefined
  const isList = Array.isArray(written)
  const list: readonly unknown[] = isList ? written : [written]
  if (list.length === 0) return new Wrong('is an empty list', [key], wanted)
  for (const [index, text] of list.entries()) {
    const path = isList ? [key, index] : [key]
    if (typeof text !== 'string') return new Wrong('is not a text', path, `${wanted}, in quotes`)
    const fault = faultOf(text)
    if (fault !== undefined) return new Wrong(fault, path, wanted)
  }
  return list as string[]
}

function checkTopic(topic: string): string | undefined {
  const unknown = unknownPlaceholder(topic)
  if (unknown !== undefined)
    return `holds ${unknown}, which is neither \${clientid} nor \${username}`
  if (isSharedFilter(topic)) return 'is a shared subscription, of which the filter inside counts'
  const refusal = checkTopicFilter(topic)
  return refusal === undefined ? undefined : `is no topic filter: ${refusal.because}`
}

function readAddresses(item: Mapping): BlockList | undefined | Wrong {
  const wanted = 'an IP address or network such as 10.0.0.0/8, or a list of them'
  const faultOf = (text: string) =>
    addAddress(new BlockList(), text) ? undefined : 'is no address'
  const texts = readTexts(item, 'ipaddr', faultOf, wanted)
  if (texts === undefined || texts instanceof Wrong) return texts
  const addresses = new BlockList()
  for (const text of texts) addAddress(addresses, text)
  return addresses
}

/** Answers false for what is neither an address nor a network. */
function addAddress(to: BlockList, text: string): boolean {
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const version = isIP(address)
  if (version === 0) return false
  const family = version === 6 ? 'ipv6' : 'ipv4'
  const bitsMax = version === 6 ? 128 : 32
  if (bits === undefined) to.addAddress(address, family)
  else if (Number(bits) > bitsMax) return false
  else to.addSubnet(address, Number(bits), family)
  return true
}
