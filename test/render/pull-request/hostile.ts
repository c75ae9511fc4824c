/** What people could write to break out of a comment, in every place where somebody's words are shown. */
import fc from 'fast-check';
import type { Preview, SpecEdit } from '../../../reconciler/planner/preview/preview.ts';
import type { Step } from '../../../reconciler/steps/table.ts';
import type { Problem } from '../../../spec-schema/problem.ts';
import { EVERY_KIND, HEALTHY, planned, planOf } from './every-kind.ts';
import { previewOf } from './previews.ts';

const FRAGMENTS = [
  ...[
    '`',
    '``',
    '```',
    '~~~',
    '``````mermaid',
    '    ',
    '\t',
    '\n',
    '\r\n',
    '\n\n',
    '\u2028',
    '\\',
    '\\\\',
    '|',
    '\\|',
  ],
  ...[
    '<!--',
    '-->',
    '<b>',
    '</details>',
    '</summary>',
    '<details open>',
    '<img src=x onerror=alert(1)>',
    '<',
    '>',
    '&lt;',
  ],
  ...[
    '@octocat',
    '@ops/team',
    '#12',
    'GH-12',
    'ops/redis#3',
    ':tada:',
    '&#64;octocat',
    'a@b.example',
    '_@octocat_',
  ],
  ...[
    '[x](http://evil.example)',
    '![i](http://evil.example)',
    '[^1]',
    '\n[^1]: note',
    '\n[x]: http://evil.example',
    '[x]',
  ],
  ...[
    'http://evil.example',
    '_www.evil.example',
    '<https://evil.example>',
    'mailto:a@b.example',
    '1http://e.example',
  ],
  ...[
    '- [x] done',
    '# title',
    '\n# title',
    '> [!NOTE]',
    '1. one',
    '2) two',
    '---',
    '\n===',
    '***',
    '* x',
    '+ x',
    '= x',
  ],
  ...[
    '**',
    '__',
    '_',
    '*',
    '~~',
    '~',
    '$',
    '$$',
    '$`',
    '%%',
    '"]',
    '"',
    "'",
    'end',
    'subgraph',
    ']]',
    '{{',
    '{',
    '}',
    '(',
    ')',
  ],
  ...[
    '\u202e',
    '\u2066',
    '\u200b',
    '\u200f',
    '\ufeff',
    '\u0000',
    '\u001b[31m',
    '\ud83d',
    '\udca9',
    '\u00a0',
    '\u{e0041}',
  ],
  ...['😀', 'é', '漢字', 'שלום', 'name', 'n1', ' ', '!', ':', '0', '9.', '/', '.', '-'],
];

export const hostileText: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      { arbitrary: fc.constantFrom(...FRAGMENTS), weight: 6 },
      fc.string({ maxLength: 6, unit: 'binary' }),
    ),
    {
      minLength: 1,
      maxLength: 8,
    },
  )
  .map((parts) => parts.join(''));

/** Fields of steps that are numbers, slots or names of the kind: everything else is somebody's word. */
const FIXED: ReadonlySet<string> = new Set(['kind', 'slots', 'restart', 'launch', 'limits']);

function infected(step: Step, word: string): Step {
  const inside = (value: unknown): unknown => {
    if (typeof value === 'string') return `${value}${word}`;
    if (Array.isArray(value)) return value.map(inside);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, field]) => [FIXED.has(key) ? key : `${key}${word}`, inside(field)]),
    );
  };
  return Object.fromEntries(
    Object.entries(step).map(([key, field]) => [key, FIXED.has(key) ? field : inside(field)]),
  ) as unknown as Step;
}

const hostileProblem: fc.Arbitrary<Problem> = fc.record({
  severity: fc.constantFrom('error' as const, 'warning' as const),
  code: hostileText,
  subject: hostileText,
  summary: hostileText,
  evidence: hostileText,
  hint: hostileText,
  where: fc.record({ file: hostileText, line: fc.nat(), column: fc.nat() }),
});

const hostileEdit: fc.Arbitrary<SpecEdit> = fc
  .tuple(hostileText, hostileText, hostileText)
  .map(([path, value, before]) => ({
    operation: { op: 'replace', path: `/${path}`, value: { name: value, [before]: value } },
    before,
  }));

const kinds = Object.keys(EVERY_KIND) as (keyof typeof EVERY_KIND)[];

/** A preview of each outcome with hostile words in all of its places. */
export const hostilePreview: fc.Arbitrary<Preview> = fc
  .record({
    word: hostileText,
    kinds: fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 12 }),
    problems: fc.array(hostileProblem, { minLength: 1, maxLength: 3 }),
    edits: fc.array(hostileEdit, { maxLength: 3 }),
    outcome: fc.constantFrom('changes', 'blocked', 'no-op', 'invalid', 'failed', 'offline', 'released'),
    requirement: hostileText,
  })
  .map(({ word, kinds: chosen, problems, edits, outcome, requirement }) => {
    const { live } = HEALTHY;
    const clean = planOf([chosen.map((kind) => planned(EVERY_KIND[kind]))]);
    const node = live.nodes['n1a'];
    const named = {
      ...live,
      nodes: {
        ...live.nodes,
        ...(node === undefined ? {} : { [word]: { ...node, zone: word, shard: word, replicaOf: 'n2a' } }),
      },
    };
    const plan = {
      ...clean,
      waves: clean.waves.map((wave) => wave.map(({ step }) => planned(infected(step, word), word))),
      blocks: outcome === 'blocked' ? problems.map((one) => ({ ...one, severity: 'error' as const })) : [],
      warnings: problems,
    } as typeof clean;
    const sides = { live, after: named };
    const common = {
      cluster: word,
      edits,
      drift: [
        { op: 'remove' as const, path: `/nodes/${word.replaceAll('~', '~0').replaceAll('/', '~1')}` },
        { op: 'replace' as const, path: '/nodes/n1b/config/maxmemory', value: word },
      ],
      requirements: [{ kind: 'approval' as const, state: 'open' as const, text: requirement }],
      earlier: [{ id: word, head: word, verdict: word }],
    };
    const kind = outcome as Preview['outcome']['kind'];
    if (kind === 'changes' || kind === 'blocked' || kind === 'no-op')
      return previewOf({ kind, plan, sides }, common);
    if (kind === 'invalid' || kind === 'failed') return previewOf({ kind, problems }, common);
    return previewOf(kind === 'offline' ? { kind, reason: word } : { kind: 'released' }, common);
  });
