// biome-ignore-all lint/suspicious/noTemplateCurlyInString: rules have placeholders
import { expect, test } from 'vitest'
import { accepted, problems } from './kit.ts'

test('nothing said is open on this machine, and to everything', () => {
  expect(accepted('node: {}').access).toEqual({
    allowAnonymous: true,
    passwordFile: undefined,
    acl: { isAllowedElse: true, file: undefined, rules: [] },
    listeners: new Map(),
  })
})

test('a password file closes the door to who has no user name, unless it is said otherwise', () => {
  const { access } = accepted('auth: { password_file: passwd }')
  expect(access.allowAnonymous).toBe(false)
  expect(access.passwordFile).toMatch(/^\/.*\/passwd$/)
  const both = accepted('auth: { password_file: passwd, allow_anonymous: true }')
  expect(both.access.allowAnonymous).toBe(true)
})

test('rules deny what they are not about, unless it is said otherwise', () => {
  const yaml = (more: string) => `acl: { rules: [{ allow: all, topics: a }]${more} }`
  expect(accepted(yaml('')).access.acl.isAllowedElse).toBe(false)
  expect(accepted(yaml(', no_match: allow')).access.acl.isAllowedElse).toBe(true)
  expect(accepted('acl: { file: acl.txt }').access.acl).toMatchObject({
    isAllowedElse: false,
    file: expect.stringMatching(/^\/.*\/acl\.txt$/),
  })
})

test('rules as they are written', () => {
  const { rules } = accepted(`acl:
  rules:
    - { allow: subscribe, topics: ["$SYS/#"], username: monitor }
    - { deny: all, topics: secret/#, clientid: [a, b], ipaddr: [10.0.0.0/8, "::1"] }
    - { allow: publish, topics: ["devices/\${clientid}/#", "users/\${username}"] }
`).access.acl
  expect(rules).toMatchObject([
    { isAllow: true, action: 'subscribe', topics: ['$SYS/#'], usernames: ['monitor'] },
    { isAllow: false, action: 'all', topics: ['secret/#'], clientIds: ['a', 'b'] },
    { isAllow: true, action: 'publish', topics: ['devices/${clientid}/#', 'users/${username}'] },
  ])
  const { addresses } = rules[1] ?? {}
  expect(addresses?.check('10.9.9.9', 'ipv4')).toBe(true)
  expect(addresses?.check('::1', 'ipv6')).toBe(true)
  expect(addresses?.check('11.0.0.1', 'ipv4')).toBe(false)
})

test('a listener has what it says itself, and the rest from above', () => {
  const { access } = accepted(`listeners:
  - { name: inner, bind: 127.0.0.1:1 }
  - { name: outer, bind: 0.0.0.0:2, auth: { password_file: passwd } }
  - { name: other, bind: 0.0.0.0:3, auth: { allow_anonymous: true }, acl: { no_match: deny } }
acl: { file: acl }
`)
  expect(access.allowAnonymous).toBe(true)
  expect([...access.listeners.keys()]).toEqual(['outer', 'other'])
  expect(access.listeners.get('outer')).toMatchObject({ allowAnonymous: false, acl: access.acl })
  expect(access.listeners.get('other')).toMatchObject({
    allowAnonymous: true,
    passwordFile: undefined,
    acl: { isAllowedElse: false, file: undefined },
  })
})

test('an address that others reach wants a decision of its own, or one for all', () => {
  const yaml = (own: string) => `listeners: [{ name: all, bind: "*:1883"${own} }]`
  expect(problems(`${yaml('')}\nauth: { password_file: passwd }`)).toEqual([])
  expect(problems(yaml(', auth: { password_file: passwd }'))).toEqual([])
  expect(problems(yaml(', auth: { allow_anonymous: true }'))).toEqual([])
  expect(problems(yaml(', auth: { password_file: none }'))).toHaveLength(1)
  expect(problems(yaml(', auth: {}'))).toHaveLength(1)
})

test('rules that make no sense are all told, in their place', () => {
  const of = (rule: string) => problems(`acl: { rules: [{ allow: all, topics: a }, ${rule}] }`)
  const at = (where: string) => expect.stringMatching(new RegExp(`acl\\.rules\\[1\\]${where}`))
  expect(of('{ topics: a }')).toEqual([at(': .*wants one of allow and deny')])
  expect(of('{ allow: all, deny: all, topics: a }')).toEqual([at(': .*wants one of')])
  expect(of('{ allow: read, topics: a }')).toEqual([
    at('\\.allow: "read" is not one of the values; wanted: publish, subscribe or all'),
  ])
  expect(of('{ allow: all }')).toEqual([at(': .*has no topics')])
  expect(of('{ allow: all, topics: [a, a/#/b] }')).toEqual([
    at('\\.topics\\[1\\]: "a/#/b" is no topic filter'),
  ])
  expect(of('{ allow: all, topics: "x/${user}" }')).toEqual([
    at('\\.topics: .*holds \\$\\{user\\}'),
  ])
  expect(of('{ allow: all, topics: $share/g/a }')).toEqual([at('\\.topics: .*shared subscription')])
  expect(of('{ allow: all, topics: a, ipaddr: 10.0.0.0/33 }')).toEqual([at('\\.ipaddr: ')])
  expect(of('{ allow: all, topics: a, user: b }')).toEqual([at('\\.user: .*is no key of a rule')])
})
