/** Secrets are planted wherever one could stand, and must not be in anything that is rendered. */
import { expect, test } from 'vitest';
import { type Secret, Secret as SecretValue } from '../../reconciler/ports.ts';
import { explainText } from '../../reconciler/render/explain-text.ts';
import { planJson } from '../../reconciler/render/plan-json.ts';
import { planMarkdown } from '../../reconciler/render/plan-markdown.ts';
import { planText } from '../../reconciler/render/plan-text.ts';
import { planView } from '../../reconciler/render/plan-view.ts';
import { statusJson } from '../../reconciler/render/status-json.ts';
import { statusText } from '../../reconciler/render/status-text.ts';
import { statusView } from '../../reconciler/render/status-view.ts';
import { PLAIN } from '../../reconciler/render/style.ts';
import { after, node, type Situation, unborn } from './situations.ts';

/** Stands for the keyed digest of a secret: not even that is shown. */
const PLANTED = 'planted5ecret';

function planted(): Situation {
  return after((live) => {
    for (const name of ['n1a', 'n1b', 'n2b']) {
      node(live, name).config['masterauth'] = PLANTED;
      node(live, name).users['replication'] = `on #${PLANTED} resetchannels -@all +psync`;
    }
  });
}

function everything({ plan, live, facts }: Situation): string {
  const view = planView(plan, live);
  const status = statusView(live, facts, plan);
  const explained = plan.waves
    .flat()
    .map((step) => explainText(step, live, { number: 1, of: plan.waves.length }, PLAIN));
  return [
    planText(view, PLAIN),
    planMarkdown(plan, live),
    JSON.stringify(planJson(plan, live)),
    statusText(status, PLAIN),
    JSON.stringify(statusJson(status, plan)),
    ...explained,
  ].join('\n');
}

test('neither secrets nor their digests are shown when they differ', () => {
  const shown = everything(planted());
  expect(shown).not.toContain(PLANTED);
  expect(shown).toContain('masterauth is another than it should be');
  expect(shown).toContain('user replication has another password');
  expect(shown).toContain('[secret]');
});

test('the digests of the spec are not shown either', () => {
  const situation = unborn();
  const digest = situation.intent.nodes['n1a']?.config['masterauth'];
  expect(digest).toBe('0r');
  const shown = everything(situation);
  expect(shown).not.toMatch(/#0[pr]\b/);
  expect(shown).not.toMatch(/masterauth[=" :]+0r/);
});

test('a secret prints as [secret] whatever prints it', () => {
  const secret: Secret = new SecretValue(PLANTED);
  expect(`${secret} ${JSON.stringify({ secret })} ${String(secret)}`).toBe(
    '[secret] {"secret":"[secret]"} [secret]',
  );
});
