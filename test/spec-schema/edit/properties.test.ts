/** Edits of many files in many styles: what was asked for happens, and nothing else. The seed is printed on failure. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Edited, EditResult } from '../../../spec-schema/edit/edited.ts';
import { lineDiff } from '../../../spec-schema/edit/line-diff.ts';
import { moveNode } from '../../../spec-schema/edit/move.ts';
import { scaleSpec } from '../../../spec-schema/edit/scale.ts';
import { setValue } from '../../../spec-schema/edit/set.ts';
import { readSpec } from '../../../spec-schema/read-spec.ts';
import { runs } from '../../support/examples.ts';
import { type Layout, layouts } from '../layouts.ts';
import { Choices, commentsIn, styledSpec } from './styled.ts';

const file = 'cluster.yaml';
const numbers = fc.array(fc.nat(5039), { minLength: 40, maxLength: 80, size: 'max' });

/** A random valid file and what it says. */
const files = fc
  .tuple(layouts, numbers)
  .map(([layout, choices]) => ({ layout, text: styledSpec(layout, new Choices(choices)) }));

function specOf(text: string) {
  const { spec, problems } = readSpec(text, file);
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  return spec!;
}

function mustEdit(result: EditResult): Edited {
  if (!result.ok) expect({ problems: result.problems, text: result.text }).toEqual({});
  return result as Edited;
}

/**
 * Nothing is lost but what belongs to the entries that leave, and nothing changes its place.
 * @param gone owners whose comments may go with them.
 */
function keepsComments(before: string, after: string, gone: readonly string[] = []): void {
  const stays = (comment: string) => !gone.some((owner) => comment.endsWith(` ${owner}`));
  const left = commentsIn(after);
  expect(left.filter(stays)).toEqual(commentsIn(before).filter(stays));
  expect(new Set(left).size).toBe(left.length);
}

/** Lines that are in one text only. How lines end does not count: the last one may have had no line break. */
function changedLines(before: string, after: string): { gone: string[]; added: string[] } {
  const plain = (text: string) => text.replaceAll('\r', '');
  const lines = lineDiff(plain(before), plain(after)).flatMap((hunk) => hunk.lines);
  const of = (kind: string) => lines.filter((line) => line.kind === kind).map(({ text }) => text);
  return { gone: of('gone'), added: of('new') };
}

function keepsLineBreaks(before: string, after: string): void {
  const lone = (text: string) => text.replaceAll('\r\n', '').includes('\n');
  expect(lone(after) && after.includes('\r\n')).toBe(lone(before) && before.includes('\r\n'));
}

describe('any file', { timeout: 120_000 }, () => {
  test('grows by shards and replicas as asked, and every rule still holds', () => {
    fc.assert(
      fc.property(
        files,
        fc.integer({ min: 0, max: 4 }),
        fc.integer({ min: 0, max: 1 }),
        (given, more, extra) => {
          const before = specOf(given.text);
          const shards = new Set(before.nodes.map(({ shard }) => shard)).size;
          const replicas = before.nodes.length / shards - 1 + extra;
          fc.pre(replicas < new Set(before.hosts.map(({ zone }) => zone)).size);
          const { text } = mustEdit(
            scaleSpec({ text: given.text, file }, { shards: shards + more, replicas }),
          );
          const after = specOf(text);
          const sizes = [...Map.groupBy(after.nodes, ({ shard }) => shard).values()].map(
            ({ length }) => length,
          );
          expect(sizes).toEqual(Array.from({ length: shards + more }, () => replicas + 1));
          const old = new Set(before.nodes.map(({ name }) => name));
          expect(after.nodes.filter(({ name }) => old.has(name))).toEqual(before.nodes);
          expect({ ...after, nodes: [] }).toEqual({ ...before, nodes: [] });
          keepsComments(given.text, text);
          keepsLineBreaks(given.text, text);
          // No line is touched, but for a comma, and for a list that is on one line or has no line break behind it.
          expect(changedLines(given.text, text).gone.length).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: runs(150) },
    );
  });

  test('shrinks by its last shards and last replicas', () => {
    fc.assert(
      fc.property(files, fc.nat(4), fc.nat(2), (given, fewer, without) => {
        const before = specOf(given.text);
        const names = [...new Set(before.nodes.map(({ shard }) => shard))];
        const shards = Math.max(3, names.length - fewer);
        const replicas = Math.max(0, before.nodes.length / names.length - 1 - without);
        const result = scaleSpec({ text: given.text, file }, { shards, replicas });
        if (!result.ok) {
          // What stays may be primaries of too few zones, which only a person can decide about.
          expect(result.problems.map(({ code }) => code)).toEqual([
            expect.stringMatching(/^majority-in-one-/),
          ]);
          return;
        }
        const after = specOf(result.text);
        const kept = new Set(after.nodes.map(({ name }) => name));
        expect(after.nodes).toEqual(before.nodes.filter(({ name }) => kept.has(name)));
        expect([...new Set(after.nodes.map(({ shard }) => shard))].sort()).toEqual(
          names.slice(0, shards).sort(),
        );
        expect(after.nodes).toHaveLength(shards * (replicas + 1));
        const leaving = before.nodes
          .filter(({ name }) => !kept.has(name))
          .map(({ name }) => `nodes[${name}]`);
        keepsComments(given.text, result.text, leaving);
        keepsLineBreaks(given.text, result.text);
      }),
      { numRuns: runs(150) },
    );
  });

  test('comes back to what it said when it grows and shrinks again', () => {
    fc.assert(
      fc.property(files, fc.integer({ min: 1, max: 3 }), (given, more) => {
        const shards = new Set(given.layout.nodes.map(({ shard }) => shard)).size;
        const bigger = mustEdit(scaleSpec({ text: given.text, file }, { shards: shards + more }));
        const again = mustEdit(scaleSpec({ text: bigger.text, file }, { shards }));
        expect(specOf(again.text)).toEqual(specOf(given.text));
        keepsComments(given.text, again.text);
      }),
      { numRuns: runs(50) },
    );
  });

  test('moves a node: one entry changes, in its place, and in name, host, port and address only', () => {
    fc.assert(
      fc.property(files, fc.nat(), fc.nat(), fc.boolean(), (given, which, where, dead) => {
        const before = specOf(given.text);
        const node = before.nodes[which % before.nodes.length]!;
        const host = before.hosts[where % before.hosts.length]!;
        const result = moveNode(
          { text: given.text, file },
          { node: node.name, to: host.name, because: dead ? 'replace' : 'move' },
        );
        if (!result.ok) {
          for (const { code } of result.problems)
            expect(code).toMatch(/^(same-host|shard-(in-one-zone|on-one-host)|majority-in-one-(zone|host))$/);
          return;
        }
        const after = specOf(result.text);
        const index = before.nodes.indexOf(node);
        const moved = after.nodes[index]!;
        expect(after.nodes.toSpliced(index, 1)).toEqual(before.nodes.toSpliced(index, 1));
        expect(moved).toEqual({
          ...node,
          name: `${node.name}-2`,
          host: host.name,
          port: moved.port,
          ...(moved.address === undefined ? {} : { address: moved.address }),
        });
        // Both run at the same time: whatever they share would be in the way.
        if (node.address !== undefined) expect(moved.address).not.toBe(node.address);
        const isLast = before.nodes.every((other) => other === node || other.host !== node.host);
        const goes = dead && isLast ? node.host : undefined;
        expect(after.hosts).toEqual(before.hosts.filter(({ name }) => name !== goes));
        keepsComments(given.text, result.text, goes === undefined ? [] : [`hosts[${goes}]`]);
        keepsLineBreaks(given.text, result.text);
      }),
      { numRuns: runs(150) },
    );
  });

  const values = fc.constantFrom<readonly [path: string, value: string, read: unknown]>(
    ['redis.config.maxmemory-policy', 'allkeys-lfu', 'allkeys-lfu'],
    ['redis.config.save', '3600 1 60 1000', '3600 1 60 1000'],
    ['redis.config.notify-keyspace-events', '', ''],
    ['redis.config.hz', '50', 50],
    ['metadata.description', "it's: #1, [really]", "it's: #1, [really]"],
    ['metadata.description', 'yes', 'yes'],
    ['metadata.description', '12', '12'],
    ['policies.parallelShards', '3', 3],
    ['policies.allowDowntime', 'true', true],
    ['nodes.n1.config.maxclients', '20000', 20000],
    ['nodes.n2.resources.cpus', '1.5', 1.5],
    ['users.app.enabled', 'false', false],
    ['users.app.password.file', 'app', 'app'],
    ['hosts.h0.zone', 'other-zone', 'other-zone'],
    ['auth.operator.password.env', 'OPERATOR', 'OPERATOR'],
  );

  test('takes a value where it belongs, and changes at most the lines of it', () => {
    fc.assert(
      fc.property(files, values, (given, [path, value, read]) => {
        const result = setValue({ text: given.text, file }, path, value);
        if (!result.ok) {
          // A zone that is renamed may leave a shard, or most primaries, in one.
          expect(path).toBe('hosts.h0.zone');
          return;
        }
        const after = specOf(result.text);
        expect(at(after, path)).toEqual(read);
        keepsComments(given.text, result.text);
        keepsLineBreaks(given.text, result.text);
        const { gone, added } = changedLines(given.text, result.text);
        expect(gone.length).toBeLessThanOrEqual(1);
        expect(added.length).toBeLessThanOrEqual(3);
        const again = mustEdit(setValue({ text: result.text, file }, path, value));
        expect(again.text).toBe(result.text);
      }),
      { numRuns: runs(250) },
    );
  });
});

/** What stands at a path of names. */
function at(spec: object, path: string): unknown {
  let here: unknown = spec;
  for (const step of path.split('.')) {
    here = Array.isArray(here)
      ? here.find((item: Layout['nodes'][number]) => item.name === step)
      : (here as Record<string, unknown>)[step];
  }
  return here;
}
