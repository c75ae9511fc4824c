import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAclLine } from '../../reconciler/wire/acl.ts';
import { parseClusterInfo } from '../../reconciler/wire/cluster-info.ts';
import { parseClusterNodes } from '../../reconciler/wire/cluster-nodes.ts';
import { parseConfigGet } from '../../reconciler/wire/config-get.ts';
import { parseInfo } from '../../reconciler/wire/info.ts';
import { parseMigrationStatus } from '../../reconciler/wire/migration-status.ts';
import { parseNodesConf } from '../../reconciler/wire/nodes-conf.ts';
import { WireError } from '../../reconciler/wire/wire-error.ts';
import { fixture, fixtureJson } from './fixtures.ts';
import { damaged } from './mutations.ts';

function parsesOrRefuses(parse: () => unknown): void {
  try {
    // A value that is missing shows here, and not in whoever uses it.
    expect(JSON.stringify(parse())).not.toMatch(/undefined|NaN/);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    expect(error.text.length).toBeLessThanOrEqual(201);
    expect(error.message).toMatch(/^[a-z-]+: /);
  }
}

describe('whatever a server says, it is understood or refused with a WireError', () => {
  test.each([
    ['CLUSTER NODES', parseClusterNodes, 'cluster-nodes-open-slots.txt'],
    ['nodes.conf', parseNodesConf, 'nodes-conf-open-slots.conf'],
    ['CLUSTER INFO', parseClusterInfo, 'cluster-info-ok.txt'],
    ['INFO of a primary', parseInfo, 'info-primary-keys.txt'],
    ['INFO of a replica', parseInfo, 'info-replica-syncing.txt'],
  ])('%s', (_, parse: (text: string) => unknown, name) => {
    const real = fixture(name);
    fc.assert(
      fc.property(fc.oneof({ weight: 4, arbitrary: damaged(real) }, fc.string()), (text) =>
        parsesOrRefuses(() => parse(text)),
      ),
      { numRuns: 500 },
    );
  });

  test('ACL LIST', () => {
    const line = fc.constantFrom(...fixtureJson<string[]>('acl-list.json')).chain(damaged);
    fc.assert(
      fc.property(fc.oneof(line, fc.string()), (text) => parsesOrRefuses(() => parseAclLine(text))),
      { numRuns: 500 },
    );
  });

  test.each([
    ['CLUSTER MIGRATION STATUS', parseMigrationStatus, 'migration-status-source.resp2.json'],
    ['CONFIG GET', parseConfigGet, 'config-get.resp3.json'],
  ])('%s', (_, parse: (reply: unknown) => unknown, name) => {
    const reply = damaged(fixture(name)).map((text) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        return text;
      }
    });
    const anything = fc.anything({ withMap: true, withNullPrototype: true, withBigInt: true });
    fc.assert(
      fc.property(fc.oneof(reply, anything, fc.array(anything)), (value) =>
        parsesOrRefuses(() => parse(value)),
      ),
      { numRuns: 1000 },
    );
  });
});
