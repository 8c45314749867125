import { defineConfig } from 'vitest/config'

export default defineConfig({
  // The pages are a package of their own: outside of their bundle nothing tells where a room's contract is.
  resolve: {
    alias: [{ find: /^#(.+)\/contract$/, replacement: `${import.meta.dirname}/src/$1/contract.ts` }],
  },
  test: {
    include: ['src/**/*.test.ts', 'web/src/**/*.test.ts', 'tests/**/*.test.ts', 'bench/**/*.test.ts'],
    // Two cores: more workers only make the real servers of the journeys slower.
    maxWorkers: 2,
    // Tests read what commands print; a CI service would ask them for colours.
    env: { NO_COLOR: '1' },
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
