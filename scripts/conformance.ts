/** Writes docs/conformance.md: `npm run conformance`. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../test/structure/sources.ts'
import { conformancePage, findEvidence, openStatements } from './conformance-page.ts'

const evidence = findEvidence()
writeFileSync(join(root, 'docs/conformance.md'), conformancePage(evidence))
console.log(`docs/conformance.md: ${openStatements(evidence).length} server statements open`)
