/** Differences as indented lines: who, and under it what. */
import type { Difference } from './differences.ts';
import { counted, listed } from './quantities.ts';
import type { Style } from './style.ts';
import { visibleLine } from './visible.ts';

/** More than this is a new or a lost cluster; the count says it better. */
const MOST = 40;

const PLURALS = {
  cluster: 'cluster',
  host: 'hosts',
  node: 'nodes',
  member: 'members',
  volume: 'volumes',
} as const;

export function differenceLines(differences: readonly Difference[], style: Style): string[] {
  const lines = differences.slice(0, MOST).flatMap((difference) => {
    const who = subjectOf(difference);
    const [only, ...others] = difference.lines;
    if (others.length === 0) return [`  ${style.bold(who)}: ${visibleLine(only ?? '')}`];
    return [`  ${style.bold(who)}:`, ...difference.lines.map((line) => `    - ${visibleLine(line)}`)];
  });
  if (differences.length > MOST)
    lines.push(style.dim(`  and ${counted(differences.length - MOST, 'more', 'more')}`));
  return lines;
}

/** `node orders-1`, `hosts a1, b1 and c1`, `the cluster`. */
export function subjectOf({ kind, names }: Difference): string {
  if (kind === 'cluster') return 'the cluster';
  const shown = kind === 'member' ? names.map((id) => id.slice(0, 8)) : names;
  return `${names.length === 1 ? kind : PLURALS[kind]} ${listed(shown)}`;
}
