import { join } from 'node:path'
import { expect, test } from 'vitest'
import { BrokerProcess } from '../support/broker-process.ts'

test.each([
  ['broken YAML', 'listeners: [{ name: tcp', /^zone\.yaml:1:\d+: .+; wanted: YAML\n$/],
  [
    'a wrong key',
    'zones:\n  default:\n    max_inflght: 3\n',
    'zone.yaml:3:5 zones.default.max_inflght: unknown key; did you mean max_inflight?\n',
  ],
  [
    'a wrong value',
    'log:\n  level: loud\n',
    /^zone\.yaml:2:10 log\.level: "loud" is not one of the values; wanted: trace, .+\n$/,
  ],
  [
    'an address that others can reach, without a decision',
    'listeners:\n  - name: tcp\n    bind: 0.0.0.0:0\n',
    /^zone\.yaml:3:11 listeners\[tcp\]\.bind: other machines can reach this address.+\n$/,
  ],
])('%s: file, line and column, exit code 78', async (_what, config, wanted) => {
  const broker = new BrokerProcess({ config })
  const code = await broker.exited
  const said = broker.output.replaceAll(join(broker.folder, 'zone.yaml'), 'zone.yaml')
  await broker.dispose()
  expect({ code, said }).toEqual({
    code: 78,
    said: typeof wanted === 'string' ? wanted : expect.stringMatching(wanted),
  })
})
