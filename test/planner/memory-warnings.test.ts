/** A smaller `maxmemory` than what nodes hold is said before it is set. */
import { expect, it } from 'vitest';
import type { NodeReading } from '../../reconciler/model/readings.ts';
import { plan } from '../../reconciler/planner/plan.ts';
import { convergedState, noFacts, POLICY, testIntent } from '../support/specs.ts';

const MIB = 1024 * 1024;

/** What is said when `maxmemory` becomes 40 MiB on nodes that hold so much. */
function warnings(usedMiB: number, more: Record<string, string> = {}): string[] {
  const intent = testIntent({ config: { maxmemory: '40mb', ...more } });
  const facts = noFacts(intent);
  const reading = { loading: false, keys: 1, usedMemoryBytes: usedMiB * MIB, version: '8.6.3' };
  const nodes = Object.fromEntries(
    Object.entries(facts.nodes).map(([name, fact]) => [
      name,
      { ...fact, reading: reading as unknown as NodeReading },
    ]),
  );
  const live = convergedState(testIntent({ config: { maxmemory: '100mb', ...more } }));
  return plan(intent, live, { ...facts, nodes }, POLICY).warnings.map(({ summary }) => summary);
}

it('says nothing while there is room', () => {
  expect(warnings(39)).toEqual([]);
});

it('says that writes would be refused, or keys removed', () => {
  expect(warnings(55)).toEqual([
    'maxmemory would be 40.0 MiB on n1a, which uses 55.0 MiB, and 5 more nodes hold too much as well: writes are refused from then on',
  ]);
  expect(warnings(55, { 'maxmemory-policy': 'allkeys-lru' })[0]).toMatch(
    /: keys are removed until it fits \(allkeys-lru\)$/,
  );
});
