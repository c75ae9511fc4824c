// Three kinds of tests: pure ones, seeded simulations, and those that need a real Docker Engine.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // No test may depend on state that another file left in a shared global.
    isolate: true,
    coverage: { provider: 'v8', include: ['reconciler/**', 'spec-schema/**'] },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/simulation/**', 'test/integration/**', '**/node_modules/**'],
          // Property tests on a machine that is busy with something else.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'simulation',
          include: ['test/simulation/**/*.test.ts'],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['scripts/integration-setup.ts'],
          // The files share one Docker Engine and two cores, so they run one after the other.
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
