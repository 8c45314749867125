import { defineConfig } from 'vitest/config'

export default defineConfig({
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
