/** Comparison with files that a person reads: run with UPDATE_GOLDEN=1 to write them anew, then read the difference like code. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';

const folder = join(import.meta.dirname, 'golden');

export function expectGolden(name: string, text: string): void {
  const path = join(folder, name);
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${text.trimEnd()}\n`);
  }
  expect(existsSync(path), `${name} does not exist: run with UPDATE_GOLDEN=1 and read it`).toBe(true);
  expect(`${text.trimEnd()}\n`).toBe(readFileSync(path, 'utf8'));
}
