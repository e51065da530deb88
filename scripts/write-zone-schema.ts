import { readFileSync, writeFileSync } from 'node:fs'
import { configurationJsonSchema } from '../src/config/json-schema.ts'

/** `npm run schema`: writes config/zone.schema.json anew from the schema and the documented file. */
const documented = readFileSync(new URL('../config/zone.yaml', import.meta.url), 'utf8')
const schema = JSON.stringify(configurationJsonSchema(documented), null, 2)
writeFileSync(new URL('../config/zone.schema.json', import.meta.url), `${schema}\n`)
