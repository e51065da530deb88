import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readSources, readText, root, trackedFiles } from './sources.ts'

/** Lines; past it a file holds two concepts. Tables of test data are one line an entry. */
const linesMax = 400

const tracked = trackedFiles()
const binary = /\.(?:png|jpg|ico|woff2?|gz|zip|pem|der|p12|bin)$/

test('no source file is longer than 400 lines', () => {
  const sources = ['src', 'test', 'scripts'].flatMap(readSources)
  const long = sources
    .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
    .filter(({ lines }) => lines > linesMax)
  expect(long).toEqual([])
})

test('no tracked file names a path of one machine, or the host of a registry', () => {
  expect(tracked.length).toBeGreaterThan(30)
  const machine = /(?:^|[\s'"`(=:])\/(?:home|Users|w[o]rk|f[a]rm)\/[\w.]|\/root\/\.|\.libr[a]ry\b/
  const host = /registry[.](?:npm|yarn)|npm[.]pkg[.]github|\/artifactory\//
  const found = tracked
    .filter((path) => !binary.test(path))
    .flatMap((path) =>
      readText(path)
        .split('\n')
        .flatMap((line, index) =>
          machine.test(line) || host.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [],
        ),
    )
  expect(found).toEqual([])
})

test('the lock file has no download addresses, so any registry can serve it', () => {
  const lock = JSON.parse(readText('package-lock.json')) as {
    packages: Record<string, { resolved?: string; integrity?: string }>
  }
  const packages = Object.entries(lock.packages)
  expect(packages.length).toBeGreaterThan(50)
  expect(packages.filter(([, entry]) => entry.resolved !== undefined)).toEqual([])
})

test('every dependency is pinned to one version', () => {
  const manifest = JSON.parse(readText('package.json')) as Record<string, Record<string, string>>
  const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
  expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))).toEqual([])
})

test('each decision is linked in docs/decisions/README.md, and each link leads to a page', () => {
  const pages = readdirSync(join(root, 'docs/decisions')).filter((name) => name !== 'README.md')
  const index = readText('docs/decisions/README.md')
  const linked = [...index.matchAll(/\]\((?:\.\/)?([^)#]+\.md)/g)].map((match) => match[1])
  expect([...new Set(linked)].sort()).toEqual(pages.sort())
})

test('links between the pages of the documentation lead somewhere', () => {
  const pages = tracked.filter((path) => path.endsWith('.md') && path !== 'CHANGELOG.md')
  const broken = pages.flatMap((page) => brokenLinks(page, readText(page)))
  expect(broken).toEqual([])
})

function brokenLinks(page: string, text: string): string[] {
  const prose = text.replace(/```[\s\S]*?```/g, '').replace(/`[^`\n]*`/g, '')
  return [...prose.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)]
    .map((match) => match[1] ?? '')
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => !exists(join(page, '..', link)))
    .map((link) => `${page} → ${link}`)
}

function exists(path: string): boolean {
  const plain = path.replace(/\/$/, '')
  return tracked.some((file) => file === plain || file.startsWith(`${plain}/`))
}
