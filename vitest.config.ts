// Four kinds of tests: pure ones, those that start programs, seeded simulations, and those that need a real Docker Engine.
import { defineConfig } from 'vitest/config';
import { SecondTries } from './scripts/second-tries.ts';

const report = process.env['TEST_REPORT'];

/** Tests that start programs or servers of their own, on this machine alone: too slow for the loop of every minute. */
const PROGRAMS = ['test/adapters/github/**/*.test.ts', 'test/app/{cli,edit,offline-plan,wire-forge}.test.ts'];

export default defineConfig({
  test: {
    // No test may depend on state that another file left in a shared global.
    isolate: true,
    // Real servers mostly wait, for elections and for each other: two files at a time keep two cores busy, and not more.
    maxWorkers: 2,
    reporters: [
      'default',
      new SecondTries(),
      // Where `npm test` counts from.
      ...(report === undefined ? [] : [['json', { outputFile: report }] satisfies [string, object]]),
    ],
    coverage: { provider: 'v8', include: ['reconciler/**', 'spec-schema/**'] },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...PROGRAMS, 'test/simulation/**', 'test/integration/**', '**/node_modules/**'],
          setupFiles: ['test/support/same-examples.ts'],
          // Property tests on a machine that is busy with something else.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'programs',
          include: PROGRAMS,
          setupFiles: ['test/support/same-examples.ts'],
          testTimeout: 60_000,
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
          testTimeout: 180_000,
          // Real servers on a machine that others use too: a test may hit a moment that it is not about. It gets a second
          // try, and every one that needed it is named at the end of the run; what fails twice has failed.
          retry: 1,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
