// biome-ignore-all lint/suspicious/noTemplateCurlyInString: rules have placeholders
import { BlockList } from 'node:net'
import { describe, expect, test } from 'vitest'
import { parseAclFile } from '../../src/auth/acl/acl-file.ts'
import { covers, intersection } from '../../src/auth/acl/filters.ts'
import { Permissions } from '../../src/auth/acl/permissions.ts'
import type { AclRule, RuleSource, Who } from '../../src/auth/acl/rule.ts'
import { RuleList } from '../../src/auth/acl/rule-list.ts'
import { FileProblems } from '../../src/auth/file-problem.ts'
import { topicMatches } from '../../src/mqtt/topic.ts'
import { allow, deny } from './acl-kit.ts'

const alice: Who = { clientId: 'c1', username: 'alice', ipAddress: '10.1.2.3' }

function of(
  source: RuleSource | readonly AclRule[],
  who: Partial<Who> = {},
  isAllowedElse = false,
) {
  const rules = 'rulesFor' in source ? source : new RuleList(source)
  return new Permissions(rules.rulesFor({ ...alice, ...who }), isAllowedElse)
}

describe('filters', () => {
  test.each([
    ['#', 'a/b', true],
    ['#', '+/#', true],
    ['a/#', 'a', true],
    ['a/#', 'a/+/b', true],
    ['a/+', 'a/b', true],
    ['a/+', 'a/#', false],
    ['a/+', 'a', false],
    ['a/b', 'a/+', false],
    ['#', '$SYS/#', false],
    ['+/x', '$SYS/x', false],
    ['$SYS/#', '#', false],
    ['a', 'a/b', false],
  ])('%s covers %s: %s', (wide, narrow, isCovered) => {
    expect(covers(wide, narrow)).toBe(isCovered)
  })

  test.each([
    ['a/+', '+/b', 'a/b'],
    ['a/#', 'a', 'a'],
    ['a/#', '+/b/#', 'a/b/#'],
    ['#', '+/x', '+/x'],
    ['a/+', 'b/#', undefined],
    ['a/+', 'a', undefined],
    ['#', '$SYS/x', undefined],
    ['a', 'a', 'a'],
  ])('%s and %s have %s in common', (one, other, common) => {
    expect(intersection(one, other)).toBe(common)
    expect(intersection(other, one)).toBe(common)
  })

  test('agree with what filters match, for all small ones', () => {
    const levels = ['a', 'b', '+', '$s']
    const pairs = levels.flatMap((one) => [...levels, '#'].map((other) => `${one}/${other}`))
    const filters = [...levels, '#', ...pairs]
    const topics = [
      'a',
      'b',
      '$s',
      'c',
      'a/a',
      'a/b',
      'b/a',
      '$s/a',
      'c/c',
      'a/$s',
      'a/b/c',
      '$s/a/b',
    ]
    for (const one of filters) {
      for (const other of filters) {
        const common = intersection(one, other)
        for (const topic of topics) {
          const isInBoth = topicMatches(one, topic) && topicMatches(other, topic)
          expect(common !== undefined && topicMatches(common, topic), `${one} ${other}`).toBe(
            isInBoth,
          )
          if (covers(one, other) && topicMatches(other, topic)) {
            expect(topicMatches(one, topic), `${one} covers ${other}`).toBe(true)
          }
        }
      }
    }
  })
})

describe('rules', () => {
  test('the first one about a topic decides', () => {
    const may = of([deny('publish', 'a/secret'), allow('all', 'a/#')])
    expect([may.mayPublish('a/secret'), may.mayPublish('a/b'), may.mayPublish('b')]).toEqual([
      false,
      true,
      false,
    ])
  })

  test('what no rule is about is what no_match says', () => {
    expect(of([deny('all', 'a')], {}, true).mayPublish('b')).toBe(true)
    expect(of([deny('all', 'a')], {}, true).maySubscribe('b')).toBe(true)
    expect(of([allow('all', 'a')]).maySubscribe('b')).toBe(false)
  })

  test('publish and subscribe are two things', () => {
    const may = of([allow('publish', 'out'), allow('subscribe', 'in')])
    expect([may.mayPublish('out'), may.mayPublish('in')]).toEqual([true, false])
    expect([may.maySubscribe('out'), may.maySubscribe('in')]).toEqual([false, true])
  })

  test.each([
    ['a/b', true],
    ['a/+', true],
    ['a/#', true],
    ['+/b', false],
    ['#', false],
    ['a', true],
  ])('allow a/#: subscribing to %s is %s', (filter, isAllowed) => {
    expect(of([allow('subscribe', 'a/#')]).maySubscribe(filter)).toBe(isAllowed)
  })

  test.each([
    ['a/b', true],
    ['a/secret', false],
    ['a/+', false],
    ['a/#', false],
    ['#', false],
    ['b/#', true],
    ['+/+/c', true],
  ])('a denied topic below an allowed #: subscribing to %s is %s', (filter, isAllowed) => {
    const may = of([deny('subscribe', 'a/secret'), allow('subscribe', '#')])
    expect(may.maySubscribe(filter)).toBe(isAllowed)
  })

  test('what an earlier rule allows of a denied filter stays allowed', () => {
    const may = of([allow('subscribe', 'a/b'), deny('subscribe', 'a/#'), allow('subscribe', '#')])
    expect([may.maySubscribe('a/b'), may.maySubscribe('+/b')]).toEqual([true, true])
    expect([may.maySubscribe('a/c'), may.maySubscribe('a/+')]).toEqual([false, false])
  })

  test('of a shared subscription the filter inside counts', () => {
    const may = of([allow('subscribe', 'a/#')])
    expect([may.maySubscribe('$share/g/a/b'), may.maySubscribe('$share/g/b')]).toEqual([
      true,
      false,
    ])
    expect(may.maySubscribe('$share/a/#')).toBe(false)
  })

  test('# is not about topics that begin with $', () => {
    const may = of([allow('all', '#')])
    expect([may.maySubscribe('#'), may.maySubscribe('$SYS/#')]).toEqual([true, false])
    expect(of([deny('all', '$SYS/#'), allow('all', '#')]).maySubscribe('#')).toBe(true)
  })

  test('may be for some user names, client ids or addresses only', () => {
    const addresses = new BlockList()
    addresses.addSubnet('10.0.0.0', 8, 'ipv4')
    const rules = [
      { ...allow('publish', 'user'), usernames: ['alice', 'bob'] },
      { ...allow('publish', 'id'), clientIds: ['c1'] },
      { ...allow('publish', 'net'), addresses },
    ]
    const allowed = (who: Partial<Who>) =>
      ['user', 'id', 'net'].filter((topic) => of(rules, who).mayPublish(topic))
    expect(allowed({})).toEqual(['user', 'id', 'net'])
    expect(allowed({ username: 'eve' })).toEqual(['id', 'net'])
    expect(allowed({ username: undefined, clientId: 'c2' })).toEqual(['net'])
    expect(allowed({ ipAddress: '192.168.1.1' })).toEqual(['user', 'id'])
    expect(allowed({ ipAddress: undefined })).toEqual(['user', 'id'])
    expect(allowed({ ipAddress: '::1' })).toEqual(['user', 'id'])
  })
})

describe('placeholders', () => {
  const own = [allow('all', 'devices/${clientid}/#', 'users/${username}/x-${clientid}')]

  test('stand for what the client calls itself', () => {
    const may = of(own)
    expect(may.mayPublish('devices/c1/t')).toBe(true)
    expect(may.mayPublish('devices/c2/t')).toBe(false)
    expect(may.mayPublish('users/alice/x-c1')).toBe(true)
    expect(may.maySubscribe('devices/c1/#')).toBe(true)
    expect(may.maySubscribe('devices/+/#')).toBe(false)
  })

  test.each(['+', '#', 'a/b', 'c+', '', '\0'])('a client id of %j allows nothing', (clientId) => {
    const may = of(own, { clientId })
    expect(may.mayPublish(`devices/${clientId}/t`)).toBe(false)
    expect(may.mayPublish('devices/a/t')).toBe(false)
    expect(may.maySubscribe(`devices/${clientId}/t`)).toBe(false)
    expect(may.maySubscribe('devices/a/t')).toBe(false)
  })

  test('no client id makes a $ topic of a rule', () => {
    const may = of([allow('all', '${clientid}/#')], { clientId: '$SYS' })
    expect(may.maySubscribe('$SYS/#')).toBe(false)
  })

  test('$share of a client id is no group', () => {
    const may = of([allow('all', '${clientid}/#')], { clientId: '$share' })
    expect(may.maySubscribe('$share/g/x')).toBe(false)
  })

  test('a name that fits no rule is denied what anybody is denied', () => {
    const rules = [deny('publish', 'locks/${username}'), allow('all', 'locks/#')]
    expect(of(rules).mayPublish('locks/alice')).toBe(false)
    expect(of(rules).mayPublish('locks/bob')).toBe(true)
    expect(of(rules, { username: 'a+' }).mayPublish('locks/bob')).toBe(false)
  })

  test('a rule about user names is not about who has none', () => {
    const rules = [
      allow('all', 'users/${username}/#'),
      deny('all', 'x/${username}'),
      allow('all', 'x/#'),
    ]
    const may = of(rules, { username: undefined })
    expect(may.mayPublish('users//x')).toBe(false)
    expect(may.mayPublish('x/y')).toBe(true)
  })

  test('do not fill in what a name contains', () => {
    const may = of([allow('all', 'a/${username}/b')], { username: '${clientid}' })
    expect(may.mayPublish('a/c1/b')).toBe(false)
    expect(may.mayPublish('a/${clientid}/b')).toBe(true)
  })
})

/** The example of mosquitto's own documentation, and then some. */
const mosquittoFile = `# This affects access control for clients with no username.
topic read $SYS/#

# This only affects clients with username "roger".
user roger
topic foo/bar
topic read  with spaces/in it
topic deny foo/bar/private/#
topic readwrite foo/bar/#

# This affects all clients.
pattern write $SYS/broker/connection/%c/state
pattern read messages/%u/#
`

describe("mosquitto's acl_file", () => {
  const file = parseAclFile('acl', mosquittoFile)

  test('gives a user what is below its line, and anonymous clients what is above all', () => {
    const roger = of(file, { username: 'roger' })
    expect(roger.mayPublish('foo/bar')).toBe(true)
    expect(roger.maySubscribe('foo/bar')).toBe(true)
    expect(roger.maySubscribe('with spaces/in it')).toBe(true)
    expect(roger.mayPublish('with spaces/in it')).toBe(false)
    expect(roger.maySubscribe('$SYS/#')).toBe(false)
    const nobody = of(file, { username: undefined })
    expect(nobody.maySubscribe('$SYS/#')).toBe(true)
    expect(nobody.mayPublish('foo/bar')).toBe(false)
  })

  test('denies before it allows, wherever the line stands', () => {
    const roger = of(file, { username: 'roger' })
    expect(roger.mayPublish('foo/bar/x')).toBe(true)
    expect(roger.mayPublish('foo/bar/private/x')).toBe(false)
    expect(roger.maySubscribe('foo/bar/#')).toBe(false)
  })

  test('has patterns for everybody, with %c and %u', () => {
    const eve = of(file, { username: 'eve', clientId: 'c9' })
    expect(eve.maySubscribe('messages/eve/#')).toBe(true)
    expect(eve.maySubscribe('messages/roger/#')).toBe(false)
    expect(eve.mayPublish('$SYS/broker/connection/c9/state')).toBe(true)
    expect(of(file, { username: '+' }).maySubscribe('messages/+/#')).toBe(false)
  })

  test('takes lines with CR, tabs and spaces around', () => {
    const may = of(parseAclFile('acl', 'user alice\r\n  topic\tread\ta/b \r\n'))
    expect(may.maySubscribe('a/b')).toBe(true)
  })

  test('with bad lines says of each what is wanted', () => {
    const text = 'user\ntopic reed a/b\ntopic\npattern read a/#/b\nacl x\ntopic read\n'
    let said = ''
    try {
      parseAclFile('acl', text)
    } catch (error) {
      if (error instanceof FileProblems) said = error.message
    }
    expect(said.split('\n')).toEqual([
      'acl:1: names no user; wanted: user <name>',
      'acl:2: "reed" is no kind of access; wanted: topic [read|write|readwrite|deny] <topic>',
      'acl:3: names no topic; wanted: topic [read|write|readwrite|deny] <topic>',
      expect.stringMatching(/^acl:4: is no topic filter: # must be the last level/),
      'acl:5: "acl" is no rule; wanted: user, topic or pattern',
    ])
  })
})
