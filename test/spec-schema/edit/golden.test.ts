/**
 * Edits of files in the odd layouts that people have: every `.diff` in `golden/` is what a reviewer would see. Run with
 * UPDATE_GOLDEN=1 to write them anew, then read the difference like code.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EditResult, Original } from '../../../spec-schema/edit/edited.ts';
import { lineDiff } from '../../../spec-schema/edit/line-diff.ts';
import { moveNode } from '../../../spec-schema/edit/move.ts';
import { scaleSpec } from '../../../spec-schema/edit/scale.ts';
import { setValue } from '../../../spec-schema/edit/set.ts';
import { readSpec } from '../../../spec-schema/read-spec.ts';

const folder = join(import.meta.dirname, 'golden');

type Edit = (original: Original) => EditResult;
const scale =
  (shards?: number, replicas?: number): Edit =>
  (original) =>
    scaleSpec(original, {
      ...(shards === undefined ? {} : { shards }),
      ...(replicas === undefined ? {} : { replicas }),
    });
const move =
  (node: string, to: string): Edit =>
  (original) =>
    moveNode(original, { node, to, because: 'move' });
const replace =
  (node: string, to: string): Edit =>
  (original) =>
    moveNode(original, { node, to, because: 'replace' });
const set =
  (path: string, value: string): Edit =>
  (original) =>
    setValue(original, path, value);

const edits: Readonly<Record<string, Readonly<Record<string, Edit>>>> = {
  columns: {
    'scale --shards 5': scale(5),
    'scale --shards 4 --replicas 2': scale(4, 2),
    'scale --replicas 0': scale(undefined, 0),
    'move orders-1 --to a2': move('orders-1', 'a2'),
    'replace orders-3r --with d1': replace('orders-3r', 'd1'),
    'set redis.config.maxmemory 512mb': set('redis.config.maxmemory', '512mb'),
    'set resources.cpus 2': set('resources.cpus', '2'),
    'set nodes.orders-2.resources.memory 16gb': set('nodes.orders-2.resources.memory', '16gb'),
    'set policies.parallelShards 1': set('policies.parallelShards', '1'),
  },
  blocks: {
    'scale --shards 4': scale(4),
    'scale --replicas 2': scale(undefined, 2),
    'scale --replicas 0': scale(undefined, 0),
    'move cart-c-0 --to m4': move('cart-c-0', 'm4'),
    'set redis.config.maxmemory 1500mb': set('redis.config.maxmemory', '1500mb'),
    'set redis.config.maxclients 20000': set('redis.config.maxclients', '20000'),
    'set nodes.cart-b-1.resources.memory 4gb': set('nodes.cart-b-1.resources.memory', '4gb'),
    'set metadata.description 7': set('metadata.description', '7'),
  },
  braces: {
    'scale --shards 4': scale(4),
    'scale --replicas 0': scale(undefined, 0),
    'move search-02b --to x': move('search-02b', 'x'),
    'set redis.config.save ""': set('redis.config.save', ''),
    'set resources.nofile 20000': set('resources.nofile', '20000'),
  },
  aliases: {
    'scale --shards 4': scale(4),
    'scale --replicas 1': scale(undefined, 1),
    'replace n1 --with a2': replace('n1', 'a2'),
    'set hosts.b1.zone eu-d': set('hosts.b1.zone', 'eu-d'),
  },
};

describe.each(Object.keys(edits))('%s.yaml', (name) => {
  const text = readFileSync(join(folder, `${name}.yaml`), 'utf8');
  it('is valid as it stands', () => {
    const { problems } = readSpec(text, 'cluster.yaml');
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  it.each(Object.keys(edits[name] ?? {}))('%s', (command) => {
    const result = edits[name]?.[command]?.({ text, file: 'cluster.yaml' });
    if (!result?.ok) throw new Error(JSON.stringify(result, null, 1));
    const shown = [`$ redisforge ${command}`, ...notesOf(result), '', ...diffOf(text, result.text), ''].join(
      '\n',
    );
    const path = join(folder, fileOf(name, command));
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, shown);
    expect(shown).toBe(existsSync(path) ? readFileSync(path, 'utf8') : '');
  });

  it('changes in the same way when its lines end with carriage returns', () => {
    const windows = (unix: string) => unix.replaceAll('\n', '\r\n');
    for (const edit of Object.values(edits[name] ?? {})) {
      const [unix, other] = [text, windows(text)].map((given) => edit({ text: given, file: 'cluster.yaml' }));
      if (!unix?.ok || !other?.ok) throw new Error('not edited');
      expect(other.text).toBe(windows(unix.text));
    }
  });
});

it('every golden difference belongs to an edit', () => {
  const known = Object.entries(edits).flatMap(([name, list]) =>
    Object.keys(list).map((edit) => fileOf(name, edit)),
  );
  expect(
    readdirSync(folder)
      .filter((file) => file.endsWith('.diff'))
      .sort(),
  ).toEqual(known.sort());
});

function fileOf(name: string, command: string): string {
  return `${name}.${command.replace(/[^\w.]+/g, '-').replace(/-$/, '')}.diff`;
}

function notesOf(result: EditResult & { ok: true }): string[] {
  return [...result.notes, ...result.warnings.map(({ code, summary }) => `warning[${code}]: ${summary}`)];
}

function diffOf(before: string, after: string): string[] {
  const signs = { same: ' ', gone: '-', new: '+' };
  return lineDiff(before, after).flatMap(({ oldStart, newStart, lines }) => [
    `@@ ${oldStart} ${newStart} @@`,
    ...lines.map(({ kind, text }) => `${signs[kind]}${text}`),
  ]);
}
