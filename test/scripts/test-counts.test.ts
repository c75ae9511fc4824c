import { describe, expect, it } from 'vitest';
import { addCounts, countReport, exitCodeFor, type VitestReport } from '../../scripts/test-counts.ts';

function report(...files: { status: string; tests: string[] }[]): VitestReport {
  const tests = files.flatMap((file) => file.tests);
  return {
    numPassedTests: tests.filter((status) => status === 'passed').length,
    numFailedTests: tests.filter((status) => status === 'failed').length,
    testResults: files.map((file) => ({
      status: file.status,
      assertionResults: file.tests.map((status) => ({ status })),
    })),
  };
}

describe('the counts of a test run', () => {
  it('are those of its test cases', () => {
    const run = report(
      { status: 'failed', tests: ['passed', 'failed'] },
      { status: 'passed', tests: ['passed'] },
    );
    expect(countReport(run, 1)).toEqual({ passed: 2, failed: 1 });
  });

  it('hold a failure for each file that could not be loaded', () => {
    const run = report({ status: 'failed', tests: [] }, { status: 'passed', tests: ['passed'] });
    expect(countReport(run, 1)).toEqual({ passed: 1, failed: 1 });
  });

  it('hold a failure when Vitest failed outside of all tests', () => {
    expect(countReport(report({ status: 'passed', tests: ['passed'] }), 1)).toEqual({ passed: 1, failed: 1 });
  });

  it('leave out what was skipped', () => {
    expect(countReport(report({ status: 'passed', tests: ['passed', 'skipped', 'todo'] }), 0)).toEqual({
      passed: 1,
      failed: 0,
    });
  });

  it('add up', () => {
    const checks = [
      { passed: 1, failed: 0 },
      { passed: 0, failed: 1 },
    ];
    expect(addCounts(checks, { passed: 5, failed: 0 })).toEqual({ passed: 6, failed: 1 });
  });

  it('are a success only when something passed and nothing failed', () => {
    expect(exitCodeFor({ passed: 3, failed: 0 })).toBe(0);
    expect(exitCodeFor({ passed: 3, failed: 1 })).toBe(1);
    expect(exitCodeFor({ passed: 0, failed: 0 })).toBe(1);
  });
});
