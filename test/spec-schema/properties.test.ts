/** What holds for every spec and for every file, tried on many of them. The seed is printed when one fails. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hasErrors } from '../../spec-schema/problem.ts';
import { type ReadSpecResult, readSpec } from '../../spec-schema/read-spec.ts';
import { runs } from '../support/examples.ts';
import { example, fleet, processorMs, told } from './claims.ts';
import { layouts } from './layouts.ts';

// JSON is YAML, and written in no time.
describe('layouts', { timeout: 60_000 }, () => {
  test('1,000 layouts that are in order are accepted, whatever the order of their nodes', () => {
    fc.assert(
      fc.property(layouts, (layout) => {
        const { spec, problems } = readSpec(JSON.stringify(layout), 'cluster.yaml');
        expect(told(problems.filter((problem) => problem.severity === 'error'))).toEqual([]);
        expect(spec?.nodes).toHaveLength(layout.nodes.length);
      }),
      { numRuns: runs(1000) },
    );
  });

  test('the same layout gives the same problems in every order of nodes', () => {
    fc.assert(
      fc.property(layouts, fc.infiniteStream(fc.nat()), (layout, random) => {
        // Two members of some shard change places with those of another: often in one zone, sometimes a majority.
        const nodes = layout.nodes.map((node) => ({ ...node }));
        const [a, b] = [
          nodes[(random.next().value ?? 0) % nodes.length],
          nodes[(random.next().value ?? 0) % nodes.length],
        ];
        if (a !== undefined && b !== undefined) [a.shard, b.shard] = [b.shard, a.shard];
        const codes = (list: object[]) =>
          readSpec(JSON.stringify({ ...layout, nodes: list }), 'x')
            .problems.map(({ code }) => code)
            .sort();
        expect(codes(nodes.toReversed())).toEqual(codes(nodes));
      }),
      { numRuns: runs(200) },
    );
  });
});

describe('any file', { timeout: 60_000 }, () => {
  /** Reads in time without throwing, and gives either a spec or a reason, with places that exist. */
  function survives(source: Uint8Array | string): void {
    let result: ReadSpecResult = { spec: undefined, problems: [] };
    const took = processorMs(() => {
      result = readSpec(source, 'cluster.yaml');
    });
    expect(took).toBeLessThan(1000);
    const { spec, problems } = result;
    expect(spec === undefined).toBe(hasErrors(problems));
    const text = typeof source === 'string' ? source : new TextDecoder().decode(source);
    const lines = text.split('\n');
    for (const problem of problems) {
      expect(problem.code).toMatch(/^[a-z]+(?:-[a-z0-9]+)*$/);
      expect(problem.summary).not.toMatch(/\p{Cc}/u);
      if (problem.where === undefined) continue;
      expect(problem.where.line).toBeLessThanOrEqual(lines.length);
      expect(problem.where.column).toBeLessThanOrEqual((lines[problem.where.line - 1]?.length ?? 0) + 1);
    }
  }

  test('of arbitrary bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 2000, size: 'max' }), survives), {
      numRuns: runs(1000),
    });
  });

  test('of arbitrary text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 1000, size: 'max' }), survives), {
      numRuns: runs(1000),
    });
  });

  test('of the marks and words of YAML in any order', () => {
    const words = [
      'nodes',
      'hosts',
      'name',
      'x',
      '1',
      '~',
      '&a',
      '*a',
      '<<',
      '__proto__',
      '!!str',
      '!t',
      '|',
      '>',
      "'",
      '"',
    ];
    const marks = [
      ': ',
      ':',
      '- ',
      '-',
      '? ',
      '{',
      '}',
      '[',
      ']',
      ',',
      '\n',
      '\n  ',
      '\t',
      ' ',
      '#',
      '---\n',
      '...\n',
      '%YAML 1.2\n',
    ];
    const text = fc
      .array(fc.constantFrom(...words, ...marks), { maxLength: 300, size: 'max' })
      .map((parts) => parts.join(''));
    fc.assert(fc.property(text, survives), { numRuns: runs(1000) });
  });

  test('of a spec with some of its text cut, doubled or replaced', () => {
    const edit = fc.tuple(
      fc.nat(),
      fc.nat(40),
      fc.constantFrom('', ':', '}', '\n', ' ', '1', 'x', '[]', 'null', '"', '- '),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(fleet(), example()),
        fc.array(edit, { minLength: 1, maxLength: 4 }),
        (text, edits) => {
          let changed = text;
          for (const [at, length, replacement] of edits) {
            const start = at % changed.length;
            changed = changed.slice(0, start) + replacement + changed.slice(start + length);
          }
          survives(changed);
        },
      ),
      { numRuns: runs(500) },
    );
  });

  test('of a spec with any of its values replaced by any other', () => {
    const paths = [
      ['metadata'],
      ['metadata', 'name'],
      ['redis'],
      ['redis', 'image'],
      ['redis', 'config'],
      ['redis', 'config', 'maxmemory'],
      ['resources'],
      ['resources', 'memory'],
      ['auth'],
      ['auth', 'operator'],
      ['network'],
      ['users'],
      ['users', 0],
      ['users', 0, 'rules'],
      ['hosts'],
      ['hosts', 0],
      ['hosts', 0, 'docker'],
      ['hosts', 0, 'ssh'],
      ['nodes'],
      ['nodes', 0],
      ['nodes', 0, 'port'],
      ['nodes', 0, 'shard'],
      ['nodes', 0, 'config'],
      ['policies'],
      ['placement'],
    ];
    fc.assert(
      fc.property(
        layouts,
        fc.array(fc.tuple(fc.constantFrom(...paths), fc.jsonValue()), { minLength: 1, maxLength: 3 }),
        (layout, edits) => {
          const changed = structuredClone(layout) as Record<string, unknown>;
          for (const [path, value] of edits) put(changed, path, value);
          survives(JSON.stringify(changed));
        },
      ),
      { numRuns: runs(500) },
    );
  });

  test('a secret in the place of a reference is in no problem', () => {
    const places = fc.constantFrom(
      'auth:\n  operator: { password: # }',
      'auth: { operator: # }',
      'users: [{ name: x, rules: "", password: # }]',
      'hosts: [{ ssh: { identity: # } }]',
      'auth: #',
      'users:\n  - password: |\n      #',
    );
    const forms = fc.constantFrom(
      'hunter2',
      '"hunter2"',
      "'hunter2",
      '[hunter2]',
      '{ a: hunter2 }',
      '{ file: "hunter2 x" }',
      '!x hunter2',
      '*hunter2',
      '@hunter2',
      '"\\hunter2"',
      'hunter2: hunter2',
      '{ hunter2 }',
    );
    fc.assert(
      fc.property(places, forms, (place, form) => {
        const { problems } = readSpec(place.replace('#', form), 'x');
        const keys = form.includes('hunter2:') || form === '{ hunter2 }';
        if (!keys) expect(JSON.stringify(problems)).not.toContain('hunter2');
      }),
      { numRuns: runs(500) },
    );
  });
});

function put(target: Record<string, unknown>, path: readonly (string | number)[], value: unknown): void {
  let here: unknown = target;
  for (const part of path.slice(0, -1)) {
    here =
      typeof here === 'object' && here !== null
        ? (here as Record<string | number, unknown>)[part]
        : undefined;
  }
  if (typeof here === 'object' && here !== null)
    (here as Record<string | number, unknown>)[path.at(-1) as string] = value;
}
