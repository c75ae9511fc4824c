/** Rules for the tree itself: floors, words, names. Whoever breaks one is told where. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

function files(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

const source = [...files('reconciler'), ...files('spec-schema')];
const text = new Map(
  [...source, ...files('test'), ...files('scripts')].map((file) => [
    file,
    readFileSync(join(root, file), 'utf8'),
  ]),
);

/** The lines of a file that are code, each with its place. */
function lines(file: string): [place: string, line: string][] {
  return (text.get(file) ?? '')
    .replaceAll(/\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, ' '))
    .split('\n')
    .map((line, index) => [`${file}:${index + 1}: ${line.trim()}`, line.replace(/(^|\s)\/\/.*/, '')]);
}

/** Everything that a file imports, types too. */
function imports(file: string): string[] {
  const found = (text.get(file) ?? '').matchAll(
    /(?:^|\n)\s*(?:import|export)\s[^;]*?from\s+'([^']+)'|import\(\s*'([^']+)'\s*\)|(?:^|\n)import\s+'([^']+)'/g,
  );
  return [...found].map((match) => (match[1] ?? match[2] ?? match[3]) as string);
}

/** The floors of the design, lowest first. Imports point only to the same or a lower one. */
const FLOORS: readonly (readonly [prefix: string, floor: number])[] = [
  ['spec-schema/', 0],
  ['reconciler/model/', 1],
  ['reconciler/wire/', 2],
  ['reconciler/ports', 3],
  ['reconciler/steps/', 4],
  ['reconciler/planner/', 5],
  ['reconciler/render/', 6],
  ['reconciler/adapters/', 7],
  ['reconciler/engine/', 8],
  ['reconciler/app/', 9],
];

function floorOf(file: string): number {
  const floor = FLOORS.find(([prefix]) => file.startsWith(prefix));
  if (floor === undefined) throw new Error(`${file} is on no floor`);
  return floor[1];
}

/** What each floor may import besides the project. */
const PACKAGES: Readonly<Record<number, readonly string[]>> = {
  // croner: whether a cron expression of the spec is one.
  0: ['zod', 'yaml', 'croner'],
  1: [],
  2: [],
  3: [],
  4: ['fast-json-patch', 'node:crypto'],
  5: ['fast-json-patch', 'node:crypto', 'croner'],
  6: ['fast-json-patch'],
  8: ['fast-json-patch', 'p-limit', 'node:crypto'],
};

describe('the floors', () => {
  it('are imported upwards only, types too', () => {
    const wrong = source.flatMap((file) =>
      imports(file)
        .filter((target) => target.startsWith('.'))
        .map((target) => normalize(join(dirname(file), target)))
        .filter((target) => floorOf(target) > floorOf(file))
        .map((target) => `${file} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('engine and adapters know each other only through the ports', () => {
    const wrong = files('reconciler/engine').flatMap((file) =>
      imports(file)
        .filter((target) => target.includes('/adapters/'))
        .map((target) => `${file} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('use only the packages that they may', () => {
    const wrong = source.flatMap((file) => {
      const allowed = PACKAGES[floorOf(file)];
      if (allowed === undefined) return [];
      return imports(file)
        .filter(
          (target) =>
            !target.startsWith('.') &&
            !allowed.some((name) => target === name || target.startsWith(`${name}/`)),
        )
        .map((target) => `${file} imports ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  it('below the engine have no clock, no randomness, no process and no IO', () => {
    const impure =
      /\b(Date\.now|new Date\(\)|performance\.now|Math\.random|process\.(?!$)|setTimeout|setInterval|fetch\()/;
    const wrong = source
      .filter((file) => floorOf(file) <= 6 && floorOf(file) !== 3)
      .flatMap((file) =>
        lines(file)
          .filter(([, line]) => impure.test(line))
          .map(([place]) => place),
      );
    expect(wrong).toEqual([]);
  });

  it('only the app reads process.env', () => {
    const wrong = source.filter(
      (file) =>
        floorOf(file) !== 9 &&
        /process\.env/.test((text.get(file) ?? '').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')) &&
        !file.includes('adapters/'),
    );
    expect(wrong).toEqual([]);
  });
});

describe('the words', () => {
  it('master and slave stay at the wire', () => {
    const allowed = /^(reconciler\/wire\/|reconciler\/adapters\/redis\/|spec-schema\/directive)/;
    // masteruser and masterauth are names of directives, for which Redis has no other.
    const wrong = source
      .filter((file) => !allowed.test(file))
      .flatMap((file) =>
        (text.get(file) ?? '')
          .split('\n')
          .flatMap((line, index) =>
            /slave|master(?!user|auth)/i.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [],
          ),
      );
    expect(wrong).toEqual([]);
  });
});

describe('files', () => {
  it('are modules with a sentence on their job', () => {
    const wrong = source.filter((file) => !/^(#!.*\n)?\/\*\*/.test(text.get(file) ?? ''));
    expect(wrong).toEqual([]);
  });

  it('have names that are no drawers', () => {
    const wrong = [...text.keys()].filter((file) =>
      /(^|\/)(utils?|helpers?|misc|common|index)\.ts$/.test(file),
    );
    expect(wrong).toEqual([]);
  });

  it('export by name', () => {
    const wrong = source.filter((file) => /export default/.test(text.get(file) ?? ''));
    expect(wrong).toEqual([]);
  });

  it('can be read in one sitting', () => {
    const wrong = source
      .filter((file) => !file.includes('directive-table') && (text.get(file) ?? '').split('\n').length > 400)
      .map((file) => `${file} is longer than 400 lines`);
    expect(wrong).toEqual([]);
  });

  it('ask for no test to be left out', () => {
    const wrong = [...text]
      .filter(
        ([file, content]) =>
          file.startsWith('test/') && /\b(it|describe|test)\.(skip|only|todo|fails)\b/.test(content),
      )
      .map(([file]) => file);
    expect(wrong.filter((file) => !file.startsWith('test/tidy/'))).toEqual([]);
  });
});
