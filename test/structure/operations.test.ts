import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readSources } from './sources.ts'

/** What is logged in a variable: `file level`, and where its texts come from. */
const inVariables = [
  'src/broker/rare-log.ts warn',
  'src/store/redis/committer.ts error',
  'src/store/redis/ownership.ts info',
  'src/broker/session-watch.ts warn',
]

const call = /[lL]og\??\.(debug|info|warn|error|fatal)\(/g
const text = /'((?:[^'\\]|\\.)*)'|`([^`]*)`/g

test('every line that the broker logs is in docs/operations.md', () => {
  const page = withoutPlaceholders(readFileSync('docs/operations.md', 'utf8'))
  const missing: string[] = []
  let seen = 0
  for (const { path, text: source } of readSources('src')) {
    for (const match of source.matchAll(call)) {
      const logged = lastText(argumentsAt(source, match.index + match[0].length))
      seen++
      if (logged !== undefined && page.includes(`\`${withoutPlaceholders(logged)}\``)) continue
      if (!inVariables.includes(`${path} ${match[1]}`)) missing.push(`${path}: ${logged}`)
    }
  }
  expect(missing).toEqual([])
  expect(seen).toBeGreaterThan(30)
})

/** What stands between the parentheses of a call. */
function argumentsAt(source: string, from: number): string {
  let depth = 1
  let at = from
  for (; depth > 0 && at < source.length; at++) {
    if (source[at] === '(') depth++
    if (source[at] === ')') depth--
  }
  return source.slice(from, at - 1)
}

function lastText(args: string): string | undefined {
  const last = [...args.matchAll(text)].at(-1)
  return last?.[1] ?? last?.[2]
}

/** What differs is `⟨…⟩` in the page and `${…}` in the code. */
function withoutPlaceholders(sentence: string): string {
  return sentence.replaceAll(/⟨[^⟩]*⟩|\$\{[^}]*\}/g, '⟨⟩')
}
