import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startBroker } from '../support/broker-process.ts'
import { ClientProgram, projectFolder } from './client-program.ts'
import { mosquittoIsMissing } from './mosquitto.ts'
import { ownDefaults } from './own-data.ts'
import { probe } from './probe.ts'

const readme = readFileSync(join(projectFolder, 'README.md'), 'utf8')
const blocks = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1] ?? '')
const manifest = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8'))
const program = join(projectFolder, 'bin/mqtt-broker')

test('README begins with the two commands, and they are scripts of package.json', () => {
  expect(readme.indexOf('npm ci && npm start')).toBeLessThan(200)
  const commands = (blocks[0] ?? '').split('\n').map((line) => line.split('#')[0]?.trim())
  expect(commands.filter((line) => line !== '')).toEqual([
    'npm ci && npm start',
    'npm ci && npm test',
  ])
  expect(manifest.scripts.start).toMatch(/build && node bin\/mqtt-broker$/)
  expect(manifest.scripts.test).toBe('tsx scripts/test.ts all')
  for (const [, script] of readme.matchAll(/npm run ([\w:]+)/g)) {
    expect(Object.keys(manifest.scripts)).toContain(script)
  }
})

describe.skipIf(mosquittoIsMissing)('the commands to try it', () => {
  const [sub, pub] = commandsIn(blocks.find((block) => block.includes('mosquitto_sub')) ?? '')

  test('of README work while the broker runs', async () => {
    const broker = await startBroker()
    onTestFinished(() => broker.dispose())
    const at = `-p ${broker.port()}`
    await tryOut(`${sub} ${at}`, `${pub} ${at}`, 'greetings/world hello')
  })

  test('that the broker prints when it starts without a configuration work', async () => {
    const broker = new ClientProgram(process.execPath, [program], ownDefaults())
    await broker.printed('mosquitto_pub')
    const said = broker.lines.map((line) => JSON.parse(line).msg as string)
    const [printedSub, printedPub] = commandsIn(said.join('\n'))
    await tryOut(`${printedSub}`, `${printedPub}`, 'hello world')
  })

  /** Publishes until it arrives: one who reads README starts them by hand, one after the other. */
  async function tryOut(subscribe: string, publish: string, wanted: string): Promise<void> {
    const subscriber = new ClientProgram('stdbuf', ['-oL', 'sh', '-c', `exec ${subscribe} -d`])
    await subscriber.printed('Subscribed (mid')
    await new ClientProgram('sh', ['-c', publish]).succeeds()
    await subscriber.until(wanted, (lines) => lines.includes(wanted))
  }
})

test('the way to override a setting from the environment works', async () => {
  const [name, value] = (/MQTT_BROKER__\w+=\w+/.exec(readme)?.[0] ?? '').split('=')
  const broker = await startBroker({ env: { [name ?? '']: value ?? '' } })
  onTestFinished(() => broker.dispose())
  await probe(broker.port())
})

test('check takes config/zone.yaml, as README says', async () => {
  const file = 'config/zone.yaml'
  const check = new ClientProgram(process.execPath, [program, 'check', '--config', file])
  expect(await check.ended).toBe(0)
  expect(check.lines).toContain(`${file}: no problems`)
})

/** The mosquitto_sub and the mosquitto_pub command of a text. */
function commandsIn(text: string): (string | undefined)[] {
  return [/mosquitto_sub .*/.exec(text)?.[0], /mosquitto_pub .*/.exec(text)?.[0]]
}
