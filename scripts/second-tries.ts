/** A Vitest reporter: names every test that passed only at its second try, with what it said at the first. */
import type { Reporter, TestCase } from 'vitest/node';

export class SecondTries implements Reporter {
  readonly #found: string[] = [];

  onTestCaseResult(test: TestCase): void {
    if (test.diagnostic()?.flaky !== true) return;
    const [first] = test.result().errors ?? [];
    const said = first?.message.split('\n')[0] ?? 'no message';
    this.#found.push(`${test.module.relativeModuleId} > ${test.fullName}: ${said}`);
  }

  onTestRunEnd(): void {
    if (this.#found.length === 0) return;
    process.stdout.write(
      `\nPassed only at the second try:\n${this.#found.map((line) => `  ${line}\n`).join('')}`,
    );
  }
}
