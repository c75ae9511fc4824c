/** What edits do besides the obvious: sections that speak of what leaves, and what cannot be done. */
import { describe, expect, test } from 'vitest';
import type { EditResult } from '../../../spec-schema/edit/edited.ts';
import { lineDiff } from '../../../spec-schema/edit/line-diff.ts';
import { moveNode } from '../../../spec-schema/edit/move.ts';
import { scaleSpec } from '../../../spec-schema/edit/scale.ts';
import { setValue } from '../../../spec-schema/edit/set.ts';
import { type Changes, example, fleet } from '../claims.ts';

const file = 'cluster.yaml';

/** The lines that are gone and new. */
function changed(before: string, result: EditResult): string[] {
  if (!result.ok) return result.problems.map(({ code }) => code);
  const signs = { same: '', gone: '-', new: '+' };
  return lineDiff(before, result.text)
    .flatMap(({ lines }) => lines)
    .filter(({ kind }) => kind !== 'same')
    .map(({ kind, text }) => `${signs[kind]}${text}`);
}

/** Five shards, some of which have weights. */
function five(weights: string): string {
  const bigger = scaleSpec({ text: fleet(), file }, { shards: 5 });
  if (!bigger.ok) throw new Error('not edited');
  return `${bigger.text}${weights}`;
}

describe('shards that leave', () => {
  test('take their weights along, and the others keep theirs', () => {
    const text = five(
      'shards: # Not all are alike.\n  - { name: s1, weight: 2 } # big\n  - { name: s5, weight: 0.5 } # small\n',
    );
    const lines = changed(text, scaleSpec({ text, file }, { shards: 4 }));
    expect(lines.filter((line) => !line.includes('shard: s5'))).toEqual([
      '-  - { name: s5, weight: 0.5 } # small',
    ]);
  });

  test('take the section along with the last of them', () => {
    const text = five(
      '\nshards:\n  - name: s4\n    weight: 2\n  - { name: s5, weight: 2 }\nbalance: { threshold: 5 }\n',
    );
    const lines = changed(text, scaleSpec({ text, file }, { shards: 3 }));
    expect(lines.filter((line) => !/shard: s[45]/.test(line))).toEqual([
      '-shards:',
      '-  - name: s4',
      '-    weight: 2',
      '-  - { name: s5, weight: 2 }',
    ]);
  });
});

describe('a value is set', () => {
  const set = (path: string, value: string, changes?: Changes) => {
    const text = fleet(changes);
    return changed(text, setValue({ text, file }, path, value));
  };

  test('in sections that are not there yet, however deep', () => {
    expect(set('paused.reason', 'we are moving')).toEqual(['+paused:', '+  reason: we are moving']);
    expect(set('maintenance.freeze.reason', 'sale: until Monday')).toEqual([
      '+maintenance:',
      '+  freeze:',
      "+    reason: 'sale: until Monday'",
    ]);
    expect(set('balance.threshold', '7.5')).toEqual(['+balance:', '+  threshold: 7.5']);
  });

  test('in entries that have no names by their number', () => {
    const windows =
      "metadata: { name: fleet }\nmaintenance:\n  windows:\n    - cron: '0 2 * * *'\n      minutes: 60";
    expect(set('maintenance.windows[0].minutes', '90', { 'metadata: { name: fleet }': windows })).toEqual([
      '-      minutes: 60',
      '+      minutes: 90',
    ]);
    expect(set('maintenance.windows[1].minutes', '90', { 'metadata: { name: fleet }': windows })).toEqual([
      'unknown-entry',
    ]);
  });

  test('under the name by which the file has the directive', () => {
    expect(
      set('redis.config.replica-priority', '50', { 'maxmemory: 6gb': 'maxmemory: 6gb, slave-priority: 100' }),
    ).toEqual([
      '-  config: { maxmemory: 6gb, slave-priority: 100, appendonly: yes }',
      '+  config: { maxmemory: 6gb, slave-priority: 50, appendonly: yes }',
    ]);
  });

  test('where quotes are, in quotes; elsewhere only when it would be read otherwise', () => {
    const quoted = { 'maxmemory: 6gb': 'maxmemory: "6gb"' };
    expect(set('redis.config.maxmemory', '5gb', quoted)[1]).toContain('maxmemory: "5gb"');
    expect(set('metadata.description', '5')).toEqual([
      '-metadata: { name: fleet }',
      "+metadata: { name: fleet, description: '5' }",
    ]);
    expect(set('metadata.description', 'a, b')[1]).toContain("description: 'a, b'");
    expect(set('metadata.description', "it's {here}")[1]).toContain("description: 'it''s {here}'");
    expect(set('metadata.description', 'tab\there')[1]).toContain('description: "tab\\there"');
  });

  test('nowhere that a path does not lead', () => {
    for (const path of [
      '',
      '.',
      'redis..config',
      'redis.config.',
      'redis[',
      'nodes["n1"',
      'nodes.n1.port.x',
      'redis',
    ])
      expect(set(path, '1')).toEqual([expect.stringMatching(/^(invalid-path|unknown-path|not-a-value)$/)]);
  });
});

describe('no edit is made', () => {
  test('of what an alias stands for, since others are meant by it too', () => {
    const text = fleet();
    for (const path of ['hosts.a1.ssh.socket', 'hosts.a2.ssh.socket'])
      expect(changed(text, setValue({ text, file }, path, '/run/docker.sock'))).toEqual([
        'edit-not-possible',
      ]);
  });

  test('to a host on which a node could not be found, or that is behind another engine', () => {
    const text = fleet({
      '  - { name: c2, zone: eu-c, address: 10.0.3.2,': '  - { name: c2, zone: eu-c,',
      'host: c2': 'host: c1, port: 6380',
    });
    expect(changed(text, moveNode({ text, file }, { node: 'n5', to: 'c2', because: 'move' }))).toEqual([
      'missing-address',
    ]);
    // New nodes do not go there in the first place.
    expect(changed(text, scaleSpec({ text, file }, { shards: 5 })).join('\n')).not.toContain('host: c2');
    const bridged = example({
      '{ name: c1, zone: eu-c, docker: unix:///var/run/docker.sock }':
        '{ name: c1, zone: eu-c, docker: unix:///var/run/docker.sock }\n  - { name: d1, zone: eu-d, docker: unix:///run/other.sock }',
    });
    expect(changed(bridged, scaleSpec({ text: bridged, file }, { shards: 5 })).join('\n')).not.toContain(
      'host: d1',
    );
  });

  test('into a subnet that is full', () => {
    const text = example({ '10.213.47.0/24': '10.213.47.0/28' }).replace(
      /10\.213\.47\.1([1-6]) \}/g,
      (_, digit: string) => `10.213.47.${8 + Number(digit)} }`,
    );
    const addresses = changed(text, scaleSpec({ text, file }, { shards: 6 })).flatMap(
      (line) => /address: 10\.213\.47\.(\d+)/.exec(line)?.[1] ?? [],
    );
    expect(addresses).toEqual(['2', '3', '4', '5', '6', '7']);
    expect(changed(text, scaleSpec({ text, file }, { shards: 7 }))).toEqual(['no-place']);
  });
});
