import { expect, test } from 'vitest';
import { explainText } from '../../reconciler/render/explain-text.ts';
import { planJson } from '../../reconciler/render/plan-json.ts';
import { planMarkdown } from '../../reconciler/render/plan-markdown.ts';
import { planText } from '../../reconciler/render/plan-text.ts';
import { planView } from '../../reconciler/render/plan-view.ts';
import { PLAIN } from '../../reconciler/render/style.ts';
import { emptyState, testIntent } from '../support/specs.ts';
import { expectGolden } from './golden.ts';
import { after, healthy, node, type Situation, situation, unborn } from './situations.ts';

const text = ({ plan, live }: Situation): string => planText(planView(plan, live), PLAIN);
const markdown = ({ plan, live }: Situation): string => planMarkdown(plan, live);

/** Something of every kind that differs. */
function drifted(): Situation {
  return after(
    (live) => {
      node(live, 'n1b').config['maxmemory'] = '67108864';
      node(live, 'n2b').users['intruder'] = 'on nopass ~* +@all';
      Object.assign(node(live, 'n3b'), { link: 'stale-address', synced: false });
    },
    testIntent({ config: { maxmemory: '96mb' } }),
  );
}

test('a plan for a cluster that does not exist names every step and why it is there', () => {
  expectGolden('plan-unborn.txt', text(unborn()));
  expectGolden('plan-unborn.md', markdown(unborn()));
});

test('a plan with nothing to do is one line', () => {
  expect(text(healthy())).toBe('test: nothing to do, the cluster is as the spec says');
});

test('a plan against drift says what is and what should be', () => {
  expectGolden('plan-drift.txt', text(drifted()));
  expectGolden('plan-drift.md', markdown(drifted()));
});

test('a plan that is blocked says what stands in the way, with evidence and hint', () => {
  const blocked = after((live, facts) => {
    Object.assign(node(live, 'n2a'), { container: 'foreign', reachable: 'no' });
    live.hosts['h3'] = { engine: 'no', network: 'unknown', images: { 'redis:8.6.3': 'unknown' } };
    facts.hosts = {
      ...facts.hosts,
      h3: { failure: { code: 'unreachable', message: 'connect ECONNREFUSED 10.0.3.1:22' } },
    };
  });
  expect(blocked.plan.status).toBe('blocked');
  expectGolden('plan-blocked.txt', text(blocked));
  expectGolden('plan-blocked.md', markdown(blocked));
});

test('a plan for many nodes can be read in one sitting', () => {
  const intent = testIntent({ shards: 100 });
  const shown = text(situation(intent, emptyState(intent)));
  expect(shown.split('\n').length).toBeLessThan(120);
  expect(shown).toContain('and 197 more like these');
});

test('the JSON has the patch, and every step with what it sends', () => {
  const { plan, live } = drifted();
  const json = JSON.parse(JSON.stringify(planJson(plan, live)));
  expect(json.status).toBe('changes');
  expect(json.digest).toBe(plan.digest);
  expect(json.differences).toContainEqual({
    op: 'replace',
    path: '/nodes/n1b/config/maxmemory',
    value: '100663296',
  });
  expect(json.waves.flat()).toContainEqual(
    expect.objectContaining({
      id: 'configure:n1b:maxmemory=100663296',
      kind: 'configure',
      risk: 'safe',
      sends: ['CONFIG SET maxmemory 100663296', 'CONFIG REWRITE'],
    }),
  );
});

test('a step is explained: why, what is sent, what changes, what it may cost', () => {
  const { plan, live } = drifted();
  const [wave = []] = plan.waves;
  const step = wave.find(({ id }) => id.startsWith('configure:n1b'));
  expect(step).toBeDefined();
  if (step !== undefined)
    expectGolden(
      'explain-configure.txt',
      explainText(step, live, { number: 1, of: plan.waves.length }, PLAIN),
    );
});
