/** One comment above those of the single clusters, where a pull request touches several. */
import type { Preview, Rollout } from '../../planner/preview/preview.ts';
import { code, escaped } from '../markdown.ts';
import { counted } from '../quantities.ts';
import { COMMENT_BUDGET, commitText, type Page, wholeOf } from './parts.ts';
import { applyStatus } from './status-lines.ts';
import { MARKDOWN } from './summary.ts';
import { fitted, IMPORTANCE, KEPT, type Noun, type Row, text } from './tree.ts';
import { signOf, verdictOf } from './verdict.ts';

const CLUSTERS: Noun = ['cluster', 'clusters'];

export function indexComment(previews: readonly Preview[], page: Page = {}): string {
  const rows = previews.map((preview): Row => {
    const open = preview.requirements.filter(({ state }) => state !== 'met');
    const sign = signOf(preview);
    return {
      cells: [
        `${sign} ${code(preview.cluster)}`,
        verdictOf(preview, MARKDOWN),
        open.map((one) => escaped(one.text)).join('<br>'),
      ],
      // Those that do nothing are left out first; never those that fail or remove something.
      importance: { '✅': IMPORTANCE.wait, '📝': IMPORTANCE.disruptive }[sign] ?? KEPT,
    };
  });
  const head = previews[0]?.binding.head;
  return indexText(
    `### This pull request touches ${counted(previews.length, 'cluster')}`,
    ['Cluster', 'What would happen', 'Still open'],
    rows,
    head === undefined
      ? ''
      : `<sub>head ${commitText(head)} · each cluster has a comment of its own below</sub>`,
    page,
  );
}

/** The same after the merge. */
export function rolloutIndexComment(rollouts: readonly Rollout[], page: Page = {}): string {
  const signs: Readonly<Record<Rollout['state'], string>> = {
    held: '⏸️',
    running: '⏳',
    done: '✅',
    failed: '⛔',
    superseded: '⏭️',
  };
  const rows = rollouts.map(
    (rollout): Row => ({
      cells: [`${signs[rollout.state]} ${code(rollout.cluster)}`, escaped(applyStatus(rollout).description)],
      importance: rollout.state === 'done' ? IMPORTANCE.wait : KEPT,
    }),
  );
  const done = rollouts.filter(({ state }) => state === 'done').length;
  const merge = rollouts[0]?.mergeCommit;
  return indexText(
    `### ${done} of ${counted(rollouts.length, 'cluster')} done`,
    ['Cluster', 'How it goes'],
    rows,
    merge === undefined ? '' : `<sub>merge ${commitText(merge)}</sub>`,
    page,
  );
}

function indexText(
  title: string,
  head: readonly string[],
  rows: readonly Row[],
  foot: string,
  page: Page,
): string {
  const fit = { budget: page.budget ?? COMMENT_BUDGET, whole: wholeOf(page) };
  const table = { kind: 'table', noun: CLUSTERS, head, align: head.map(() => '---'), rows } as const;
  const whole = fitted([text(title), table, text(foot)], fit);
  if (whole !== undefined) return whole;
  // Hundreds of clusters of which all are worth a line: then the first ones are shown.
  const rest = rows.map((row) => ({ ...row, importance: IMPORTANCE.problem }));
  return fitted([text(title), { ...table, rows: rest }, text(foot)], fit) ?? title;
}
