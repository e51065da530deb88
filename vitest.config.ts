import { defineConfig } from 'vitest/config'

/**
 * The suites. `unit` is whatever no other suite claims, so a test file in a new folder cannot be
 * forgotten. `*.long.test.ts` runs only in `npm run ci:long`.
 */
const properties = 'test/**/{properties,fuzz}*.test.ts'
const long = 'test/**/*.long.test.ts'
const folders = ['structure', 'contract', 'conformance', 'simulation', 'e2e'] as const

/** Milliseconds: what a single test may take, by suite; units are quick or wrong. */
const timeoutMs = { unit: 10_000, property: 180_000, simulation: 300_000, e2e: 60_000 }

/** `e2e` starts brokers, so it gets processes of its own; the others share worker threads. */
export default defineConfig({
  test: {
    passWithNoTests: true,
    projects: [
      suite('unit', ['test/**/*.test.ts'], [properties, ...folders.map((f) => `test/${f}/**`)]),
      suite('structure', ['test/structure/**/*.test.ts'], []),
      suite('property', [properties], ['test/{simulation,e2e}/**'], timeoutMs.property),
      suite('contract', ['test/contract/**/*.test.ts'], [properties], timeoutMs.e2e),
      suite('conformance', ['test/conformance/**/*.test.ts'], [properties], timeoutMs.e2e),
      durable(suite('durable', ['test/conformance/**/*.test.ts'], [properties], timeoutMs.e2e)),
      suite('simulation', ['test/simulation/**/*.test.ts'], [], timeoutMs.simulation),
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: [long],
          testTimeout: timeoutMs.e2e,
          hookTimeout: timeoutMs.e2e,
          pool: 'forks',
        },
      },
      {
        extends: true,
        test: {
          name: 'long',
          include: [long],
          testTimeout: 7_200_000,
          hookTimeout: timeoutMs.e2e,
          pool: 'forks',
        },
      },
    ],
    coverage: {
      provider: 'v8',
      include: ['src/**'],
      reporter: ['text-summary', 'html'],
    },
  },
})

function suite(
  name: string,
  include: string[],
  exclude: string[],
  testTimeout: number = timeoutMs.unit,
) {
  return {
    extends: true as const,
    test: {
      name,
      include,
      exclude: [long, ...exclude],
      testTimeout,
      hookTimeout: testTimeout,
      pool: 'threads' as const,
      isolate: false,
    },
  }
}

/** The same tests over a store whose commits take their time: answers and QoS 2 wait for them. */
function durable(of: ReturnType<typeof suite>) {
  return { ...of, test: { ...of.test, provide: { store: 'durable' as const } } }
}
