import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BrokerProcess, defaultConfig, startBroker } from '../support/broker-process.ts'
import { ClientProgram } from './client-program.ts'
import { Mosquitto, mosquittoIsMissing } from './mosquitto.ts'

/** As mosquitto_passwd 2.0.11 wrote it: alice's password is `open sesame`, größe's `pässwort`. */
const passwordFile = `alice:$7$101$zLeczIpnicpQzGZV$0HxGrT7beMzIUhRh/pvtqSQs2H2MSZ9DDp88t5Rv+cCx/iaeSH10y/Uf9puwNSEWDVlHzi7wQozzsbXZ/2Y03g==
größe:$6$Wii3Sf+mBuWaFgED$NNifPMHT4VavazNwvBYaXPTuQ5wuaIL1nxk+RJ2LfP6Qxuw5BLq2pyNTrOFLGIqNRacUcrUdy3GOVfZT8k5tHw==
`

/** As an operator of mosquitto has it. */
const aclFile = `# sensors
user alice
topic readwrite sensors/#
topic deny sensors/secret/#

user größe
topic read sensors/public/#

pattern readwrite clients/%c/#
`

const alice = ['-u', 'alice', '-P', 'open sesame']
const größe = ['-u', 'größe', '-P', 'pässwort']
const versions = ['mqttv31', 'mqttv311', 'mqttv5'] as const

describe.skipIf(mosquittoIsMissing)(
  'the password and ACL file of a mosquitto user, as they are',
  () => {
    let broker: BrokerProcess
    let mosquitto: Mosquitto
    beforeAll(async () => {
      const folder = mkdtempSync(join(tmpdir(), 'mqtt-broker-e2e-'))
      writeFileSync(join(folder, 'passwd'), passwordFile)
      writeFileSync(join(folder, 'acl'), aclFile)
      const access = { auth: { password_file: 'passwd' }, acl: { file: 'acl' } }
      broker = await startBroker({ folder, config: { ...defaultConfig, ...access } })
      mosquitto = new Mosquitto(broker.port())
    })
    afterAll(() => broker?.dispose())

    /** What mosquitto_pub complains about. */
    async function refusal(words: readonly string[]): Promise<string> {
      const at = ['-h', '127.0.0.1', '-p', `${broker.port()}`]
      const program = new ClientProgram('mosquitto_pub', [...at, '-t', 't', '-m', 'x', ...words])
      await program.ended
      return program.errors
    }

    test.each(versions)(
      '%s: who knows the password is let in, and gets what it may',
      async (version) => {
        const v = ['-V', version]
        const topic = `sensors/public/${version}`
        const own = `clients/${version}/in`
        const reader = await mosquitto.subscribe(
          [...v, ...größe, '-i', version, '-t', topic, '-t', own],
          '%t',
        )
        await mosquitto.publish([...v, ...größe, '-q', '1', '-t', topic, '-m', 'not allowed'])
        await mosquitto.publish([...v, ...alice, '-q', '1', '-t', topic, '-m', 'x'])
        await mosquitto.publish([...v, ...größe, '-i', 'other', '-q', '1', '-t', own, '-m', 'no'])
        expect(await reader.received(1)).toEqual([topic])
      },
    )

    test.each(versions)('%s: who does not is refused', async (version) => {
      const words = ['-V', version]
      expect(await refusal([...words, '-u', 'alice', '-P', 'open'])).toMatch(
        /bad user ?name or password/i,
      )
      expect(await refusal([...words, '-u', 'eve', '-P', 'open'])).toMatch(
        /bad user ?name or password/i,
      )
      expect(await refusal(words)).toMatch(/not authori[sz]ed/i)
    })
  },
)

describe('files that are wrong', () => {
  test('are said, all of them, and the broker does not start: exit code 78', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mqtt-broker-e2e-'))
    writeFileSync(join(folder, 'passwd'), 'alice:open sesame\n')
    const access = { auth: { password_file: 'passwd' }, acl: { file: 'acl' } }
    const broker = new BrokerProcess({ folder, config: { ...defaultConfig, ...access } })
    expect(await broker.exited).toBe(78)
    expect(broker.output).toContain(
      '/passwd:1: user "alice" has a password that is no hash; wanted:',
    )
    expect(broker.output).toContain('/acl: there is no such file; wanted:')
    expect(broker.output).not.toContain('sesame')
    await broker.dispose()
  })
})
