// Turns Vitest's report into the two numbers that the test run ends with.

export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/** The part of Vitest's JSON report that is read here. */
export interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/**
 * A file that cannot be loaded has no failed test, and an error outside of all tests (a rejected promise that nobody
 * handled, a failed global set-up) shows in the exit code only. Each counts as one failure, so that the last line never
 * says that all is well when Vitest does not.
 */
export function countReport(report: VitestReport, exitCode: number): Counts {
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const failed = report.numFailedTests + brokenFiles;
  return { passed: report.numPassedTests, failed: failed === 0 && exitCode !== 0 ? 1 : failed };
}

export function addCounts(parts: readonly Counts[], last: Counts): Counts {
  return [...parts, last].reduce((sum, part) => ({
    passed: sum.passed + part.passed,
    failed: sum.failed + part.failed,
  }));
}

/** A run in which nothing passed has shown nothing, so it is not a success either. */
export function exitCodeFor(counts: Counts): number {
  return counts.failed === 0 && counts.passed > 0 ? 0 : 1;
}
