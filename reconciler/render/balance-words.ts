/** How evenly shards share, in words. */
import type { BalanceOutcome, BalanceScore } from '../planner/balance-score.ts';

const WHAT = { slots: 'slots', memory: 'memory', load: 'load' } as const;

/** Shares of a few slots more or less are as even as can be, and not worth a line. */
const EVEN_PERCENT = 0.5;

/** What to say of it, with its label; undefined when there is nothing to say. */
export function balanceInWords(
  balance: BalanceOutcome,
): { readonly label: string; readonly lines: readonly string[] } | undefined {
  const { by, measured, thresholdPercent, before, after, reason } = balance;
  if (before === null) return undefined;
  const isDull = by === 'slots' && reason === 'even' && before.worstPercent < EVEN_PERCENT;
  if (isDull) return undefined;
  const label = `balance by ${WHAT[by]}`;
  const doubt = measured
    ? []
    : [`what slots weigh by ${WHAT[by]} was not measured, or is nothing: they are shared by number`];
  if (reason === 'moves')
    return { label, lines: [...doubt, `before: ${inWords(before)}`, `after: ${inWords(after ?? before)}`] };
  const why = {
    even: `under the threshold of ${percent(thresholdPercent)}, so no slot moves`,
    blocked: `above the threshold of ${percent(thresholdPercent)}, but something stands in the way`,
    'heavy-slots': `above the threshold of ${percent(thresholdPercent)}, but single slots weigh so much that moving them would not help`,
  }[reason];
  return { label, lines: [...doubt, `${inWords(before)}; ${why}`] };
}

/** The shard that misses its share most. */
function inWords({ worstPercent, shards }: BalanceScore): string {
  if (worstPercent < 0.05) return 'every shard has its share';
  const worst = shards.reduce((a, b) =>
    Math.abs(b.deviationPercent) > Math.abs(a.deviationPercent) ? b : a,
  );
  const direction = worst.deviationPercent > 0 ? 'more' : 'less';
  const alone = worst.share === 0 ? `${worst.shard} has nothing yet` : undefined;
  return (
    alone ??
    `${worst.shard} has ${percent(Math.abs(worst.deviationPercent))} ${direction} than its share (${percent(worst.share * 100)} of all instead of ${percent(worst.fairShare * 100)})`
  );
}

function percent(value: number): string {
  return `${Number(value.toFixed(value < 10 ? 1 : 0))} %`;
}
