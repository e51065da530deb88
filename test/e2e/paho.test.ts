import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { type BrokerProcess, startBroker } from '../support/broker-process.ts'
import { requireTool } from '../support/system.ts'
import { ClientProgram } from './client-program.ts'

const python = requireTool('paho')
const script = join(import.meta.dirname, 'paho-client.py')

describe.skipIf(python.isMissing)('Paho for Python', () => {
  let broker: BrokerProcess
  beforeAll(async () => {
    broker = await startBroker()
  })
  afterAll(() => broker?.dispose())

  test.each([
    ['each-qos', '3.1'],
    ['each-qos', '3.1.1'],
    ['each-qos', '5'],
    ['persistent-session', '3.1'],
    ['persistent-session', '3.1.1'],
    ['persistent-session', '5'],
    ['properties', '5'],
  ])('%s with MQTT %s', async (scenario, version) => {
    await new ClientProgram(python.path, [script, scenario, `${broker.port()}`, version]).succeeds()
  })
})
