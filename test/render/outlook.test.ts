/** What plans say of their cost and of what they lead to: golden, because it is read by whoever approves. */
import { describe, expect, it } from 'vitest';
import type { ClusterState } from '../../reconciler/model/cluster-state.ts';
import type { Facts, NodeFacts } from '../../reconciler/model/facts.ts';
import type { NodeReading } from '../../reconciler/model/readings.ts';
import type { Intent } from '../../reconciler/planner/intent.ts';
import { type Plan, plan } from '../../reconciler/planner/plan.ts';
import { planJson } from '../../reconciler/render/plan-json.ts';
import { planMarkdown } from '../../reconciler/render/plan-markdown.ts';
import { planText } from '../../reconciler/render/plan-text.ts';
import { planView } from '../../reconciler/render/plan-view.ts';
import { PLAIN } from '../../reconciler/render/style.ts';
import { convergedState, emptyState, noFacts, POLICY, type SpecShape, testIntent } from '../support/specs.ts';
import { expectGolden } from './golden.ts';

/** Everything that has run was read: 20,000 keys of about 157 bytes on each member of a shard. */
function readFacts(intent: Intent, live: ClusterState): Facts {
  const facts = noFacts(intent);
  const reading = { loading: false, keys: 20_000, usedMemoryBytes: 3_140_000, version: '8.6.3' };
  const nodes = Object.entries(facts.nodes).map(([name, fact]): [string, NodeFacts] => [
    name,
    live.nodes[name]?.reachable === 'yes' ? { ...fact, reading: reading as unknown as NodeReading } : fact,
  ]);
  return { ...facts, nodes: Object.fromEntries(nodes) };
}

interface Change {
  readonly from?: SpecShape;
  readonly to?: SpecShape;
  readonly happened?: (live: ClusterState) => void;
}

/** The plan from one converged spec to another. */
function change({ from = {}, to = from, happened = () => {} }: Change): { plan: Plan; live: ClusterState } {
  const intent = testIntent(to);
  const live = structuredClone(convergedState(testIntent(from)));
  for (const [name, node] of Object.entries(emptyState(intent).nodes)) live.nodes[name] ??= node;
  const image = intent.spec.redis.image;
  for (const host of Object.values(live.hosts)) host.images[image] = 'present';
  happened(live);
  return { plan: plan(intent, live, readFacts(intent, live), POLICY), live };
}

/** What is said of cost and outlook, without the steps. */
function told({ plan: made, live }: { plan: Plan; live: ClusterState }): string {
  const text = planText(planView(made, live), PLAIN);
  return text.slice(text.search(/^What (it takes|if)$/m), text.indexOf('\n\nplan '));
}

const withImage = (document: Record<string, unknown>): void => {
  Object.assign(document['redis'] as object, { image: 'redis:8.6.4' });
};

describe('the outlook of a plan', () => {
  it('of a new image: a long time, every shard bare for parts of it, nothing unserved', () => {
    expectGolden('outlook-image.txt', told(change({ to: { edit: withImage } })));
  });

  it('of a new image with two replicas: bare only while replicas turn to their new primary', () => {
    const roll = change({ from: { replicas: 2 }, to: { replicas: 2, edit: withImage } });
    expectGolden('outlook-image-two-replicas.txt', told(roll));
  });

  it('of a new image with surge replicas: bare only while replicas turn to their new primary', () => {
    const roll = change({ from: { surge: true }, to: { surge: true, edit: withImage } });
    expectGolden('outlook-image-surge.txt', told(roll));
  });

  it('of a new shard: slots and keys that move, and what the loss of a zone does afterwards', () => {
    const grown = change({ to: { shards: 4 } });
    expectGolden('outlook-new-shard.txt', told(grown));
    const markdown = planMarkdown(grown.plan, grown.live);
    expectGolden(
      'outlook-new-shard.md',
      markdown.slice(markdown.indexOf('<b>What it takes'), markdown.indexOf('<b>Topology')),
    );
  });

  it('of first replicas: the loss of a zone is no longer the loss of a shard', () => {
    expectGolden('outlook-first-replicas.txt', told(change({ from: { replicas: 0 }, to: { replicas: 1 } })));
  });

  it('of a restart without replicas: what is not served, and when', () => {
    const shape = { replicas: 0, zones: 1 };
    const edit = (document: Record<string, unknown>): void => {
      document['policies'] = { allowDowntime: true, canarySoak: 0 };
    };
    const intent = testIntent({ ...shape, config: { 'io-threads': 2 }, edit });
    const live = structuredClone(convergedState(testIntent(shape)));
    const made = plan(intent, live, readFacts(intent, live), { ...POLICY, allowDowntime: true });
    expectGolden('outlook-restart-without-replicas.txt', told({ plan: made, live }));
  });

  it('of many shards: a few of them, and how many more', () => {
    const large = { shards: 60, zones: 6 };
    const roll = told(change({ from: large, to: { ...large, edit: withImage } }));
    expectGolden('outlook-image-many.txt', roll);
  });

  it('says of what was not read that it was not', () => {
    const intent = testIntent({ edit: withImage });
    const live = structuredClone(convergedState(testIntent()));
    for (const host of Object.values(live.hosts)) host.images['redis:8.6.4'] = 'present';
    const made = plan(intent, live, noFacts(intent), POLICY);
    expectGolden('outlook-not-read.txt', told({ plan: made, live }));
  });

  it('gives machines the numbers, those of a step beside the step', () => {
    const { plan: made, live } = change({ to: { shards: 4 } });
    const json = JSON.parse(JSON.stringify(planJson(made, live)));
    expect(json.outlook.after).toHaveLength(3);
    expect(json.estimate.migrated).toEqual(made.estimate.migrated);
    const [move] = json.waves.flat().filter(({ kind }: { kind: string }) => kind === 'migrate-slots');
    expect(move.estimate).toMatchObject({ ms: expect.any(Number), basis: expect.any(String) });
    expect(json.estimate.waves).toHaveLength(made.waves.length);
  });
});
