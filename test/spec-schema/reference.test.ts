import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { policyReference, specReference, withReferences } from '../../spec-schema/reference.ts';

test('the reference has a row for every field, with type, default and meaning', () => {
  const reference = specReference();
  expect(reference).toContain('| `nodes[].port` | whole number, 1 to 65535 | `6379` | Port for clients |');
  expect(reference).toContain('| `auth.operator.password` | secret reference | **required** |');
  expect(reference).toContain('#### `network` with `mode: bridge`');
  expect(reference).toContain('| `resources.memory` | size (`256mb`) |');
  const rows = reference.split('\n').filter((line) => line.startsWith('| `'));
  for (const row of rows)
    expect(row, 'type and meaning').toMatch(/^\| `[^`]+` \| [^|]+ \| [^|]* \| [^|]{5,} \|$/);
  expect(rows.length).toBeGreaterThan(45);
});

test('the reference of the policy has one, too', () => {
  const rows = policyReference()
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  expect(rows).toContain(
    '| `onDirectPush` | `hold`, `apply` | `hold` | What happens with a change that came onto the branch without a pull request |',
  );
  for (const row of rows)
    expect(row, 'type and meaning').toMatch(/^\| `[^`]+` \| [^|]+ \| [^|]* \| [^|]{5,} \|$/);
});

test('a document is brought up to date between its markers, and nowhere else', () => {
  const before =
    '# Title\n\n<!-- spec-reference -->\nwhat was there before\n<!-- /spec-reference -->\n\nThe end\n';
  const after = withReferences(before);
  expect(after).toContain(specReference());
  expect(after).not.toContain('what was there before');
  expect(after).toMatch(/^# Title\n[\s\S]*\nThe end\n$/);
  expect(withReferences(after ?? '')).toBe(after);
  expect(withReferences('# No markers')).toBeUndefined();
});

test('the README is up to date', () => {
  const readme = new URL('../../README.md', import.meta.url);
  if (!existsSync(readme)) return;
  const text = readFileSync(readme, 'utf8');
  expect(withReferences(text) ?? text).toBe(text);
});
