/** What a plan costs and what it leads to, in words: time, data, redundancy, service, and what the loss of a zone does. */
import { SLOT_COUNT } from '../model/slots.ts';
import type { Estimate, Timed, WaveTime } from '../planner/estimate.ts';
import type { Exposure, Outage, Period } from '../planner/exposure.ts';
import { type Guess, greatest, plus } from '../planner/guess.ts';
import type { Plan } from '../planner/plan.ts';
import type { Loss, ZoneLoss } from '../planner/what-if.ts';
import { balanceInWords } from './balance-words.ts';
import { bytes, counted, duration, listed } from './quantities.ts';

export interface OutlookRow {
  readonly label: string;
  readonly lines: readonly string[];
}

export interface OutlookView {
  /** Empty when nothing would be done. */
  readonly costs: readonly OutlookRow[];
  /** How evenly the shards share, where nothing would be done; otherwise it is among the costs. */
  readonly balance: readonly OutlookRow[];
  /** One row for all zones, or hosts, whose loss has the same consequences. */
  readonly losses: readonly OutlookRow[];
}

export function outlookView(plan: Plan): OutlookView {
  // Of a cluster that stays as it is there is nothing to weigh.
  const row = balanceInWords(plan.balance);
  const balance = row === undefined ? [] : [row];
  if (plan.waves.length === 0)
    return {
      costs: [],
      balance,
      losses: plan.status === 'converged' ? [] : lossesOf(plan.outlook),
    };
  return { costs: [...costsOf(plan), ...balance], balance: [], losses: lossesOf(plan.outlook) };
}

/** `about 2.4 s`, `at least 2.4 s`. */
export function timeOfWave({ ms, atLeastMs }: Pick<WaveTime, 'ms' | 'atLeastMs'>): string {
  return ms === 'unknown' ? `at least ${rounded(atLeastMs)}` : `about ${rounded(ms)}`;
}

function costsOf(plan: Plan): OutlookRow[] {
  const { estimate } = plan;
  const rows = [
    { label: 'time', lines: [timeInWords(plan)] },
    { label: 'data', lines: dataInWords(estimate) },
    { label: 'redundancy', lines: redundancyInWords(estimate.redundancy) },
    // A cluster that is made anew has nobody yet whom it could fail.
    { label: 'service', lines: plan.outlook.before.length === 0 ? [] : serviceInWords(estimate.outages) },
  ];
  return rows.filter(({ lines }) => lines.length > 0);
}

/** No more digits than an estimate is good for. */
function rounded(ms: number): string {
  if (ms < 1_000) return duration(Math.ceil(ms / 10) * 10);
  return ms < 10_000 ? duration(ms) : duration(Math.round(ms / 1_000) * 1_000).replace('.0 s', ' s');
}

function timeInWords({ waves, estimate }: Plan): string {
  const soakMs = waves.reduce((sum, wave, index) => {
    const soak = wave.findIndex(({ step }) => step.kind === 'await-soak');
    return sum + (soak < 0 ? 0 : (estimate.waves[index]?.steps[soak]?.atLeastMs ?? 0));
  }, 0);
  const soak = soakMs === 0 ? '' : `, ${rounded(soakMs)} of it to watch what was changed first`;
  if (estimate.ms !== 'unknown') return `about ${rounded(estimate.ms)}${soak}`;
  const missing = new Set(
    estimate.waves.flatMap(({ steps }) =>
      steps.flatMap(({ ms, basis }) => (ms === 'unknown' ? [basis] : [])),
    ),
  );
  return `at least ${rounded(estimate.atLeastMs)}${soak}; ${listed([...missing], 2)}`;
}

function dataInWords({ migrated, synchronised }: Estimate): string[] {
  const lines: string[] = [];
  if (migrated.slots > 0)
    lines.push(
      `${counted(migrated.slots, 'slot')} move${migrated.slots === 1 ? 's' : ''} ${loadInWords(migrated)}`,
    );
  if (synchronised.replicas > 0 && synchronised.keys !== 0) {
    const replicas = counted(synchronised.replicas, 'full synchronisation');
    lines.push(`${replicas} ${loadInWords(synchronised)}`);
  }
  return lines;
}

function loadInWords(load: { readonly keys: Guess; readonly bytes: Guess }): string {
  if (load.keys === 'unknown' || load.bytes === 'unknown') return 'with keys that were not counted';
  return load.keys === 0 ? 'without keys' : `with ${keysInWords(load)}`;
}

/** `about 15,000 keys (2.3 MiB)`. */
export function keysInWords({ keys, bytes: size }: { readonly keys: Guess; readonly bytes: Guess }): string {
  if (keys === 'unknown' || size === 'unknown') return 'keys not counted';
  if (keys === 0) return 'no keys';
  return `about ${counted(twoDigits(keys), 'key')} (${bytes(twoDigits(size))})`;
}

/** 6,742 as 6,700: more digits would only look exact. */
function twoDigits(count: number): number {
  return Number(count.toPrecision(2));
}

const MOST_SHARDS = 3;

function redundancyInWords({ worst, bare, exposed }: Estimate['redundancy']): string[] {
  if (worst === null) return [];
  const lines: string[] = [];
  const ofValue = Map.groupBy([...exposed].sort(worstFirst), ({ replicas }) => replicas);
  for (const [replicas, exposures] of ofValue)
    lines.push(`${shortage(replicas)}: ${shardsInWords(exposures)}`);
  if (bare.length > 0) lines.push(`never a replica in sync: ${listed(bare, MOST_SHARDS)}`);
  if (lines.length === 0 && worst !== 'unknown')
    lines.push(
      worst === 1
        ? 'every shard keeps a replica in sync'
        : `every shard keeps ${counted(worst, 'replica')} in sync`,
    );
  return lines;
}

function worstFirst(a: Exposure, b: Exposure): number {
  const rank = ({ replicas }: Exposure): number => (replicas === 'unknown' ? 0.5 : replicas);
  return rank(a) - rank(b);
}

function shortage(replicas: Guess): string {
  if (replicas === 'unknown') return 'it cannot be told whether a replica is in sync';
  return replicas === 0
    ? 'for a time no replica in sync'
    : `for a time only ${counted(replicas, 'replica')} in sync`;
}

function shardsInWords(exposures: readonly Timed<Exposure>[]): string {
  const ofShard = Map.groupBy(exposures, ({ shard }) => shard);
  const alike = Map.groupBy(ofShard, ([, periods]) => periodsInWords(periods));
  const shown = [...alike].slice(0, MOST_SHARDS).map(([when, shards]) => {
    const names = shards.map(([shard]) => shard);
    return `${listed(names, MOST_SHARDS)} (${when})`;
  });
  const more = [...alike.values()].slice(MOST_SHARDS).reduce((sum, shards) => sum + shards.length, 0);
  return `${shown.join(', ')}${more === 0 ? '' : ` and ${counted(more, 'more', 'more')}`}`;
}

/** `waves 2 to 4 and 5 to 6, 17 s`. */
function periodsInWords(periods: readonly Timed<Period>[]): string {
  const ms = periods.map((period) => period.ms).reduce(plus);
  const when = whenInWords(periods);
  return ms === 'unknown' ? when : `${when}, ${rounded(ms)}`;
}

function whenInWords(periods: readonly Period[]): string {
  const within = periods.filter(({ fromWave, untilWave }) => fromWave > 0 && untilWave !== null);
  const waves = within.map(({ fromWave, untilWave }) =>
    fromWave === untilWave ? `${fromWave}` : `${fromWave} to ${untilWave}`,
  );
  const one = within.length === 1 && within[0]?.fromWave === within[0]?.untilWave;
  return [
    ...periods.filter(({ fromWave }) => fromWave === 0).map(sinceTheStart),
    ...(within.length === 0 ? [] : [`${one ? 'wave' : 'waves'} ${listed(waves, MOST_SHARDS)}`]),
    ...periods
      .filter(({ fromWave, untilWave }) => fromWave > 0 && untilWave === null)
      .map(({ fromWave }) => `from wave ${fromWave} on`),
  ].join(', ');
}

function sinceTheStart({ untilWave }: Period): string {
  return untilWave === null ? 'all the way' : `until wave ${untilWave}`;
}

function serviceInWords(outages: readonly Timed<Outage>[]): string[] {
  if (outages.length === 0) return ['every slot stays served'];
  const unsure = outages.filter(({ slots }) => slots === 'unknown');
  const certain = outages.filter(({ slots }) => slots !== 'unknown');
  return [
    ...(certain.length === 0 ? [] : [outagesInWords(certain)]),
    ...(unsure.length === 0
      ? []
      : [`it cannot be told whether all slots are served (${whenInWords(unsure)})`]),
  ];
}

function outagesInWords(outages: readonly Timed<Outage>[]): string {
  const slots = greatest(outages.map((outage) => outage.slots));
  const ms = greatest(outages.map((outage) => outage.ms));
  const most = outages.length === 1 ? '' : 'up to ';
  const who = slots === SLOT_COUNT ? 'no slot is' : `${most}${counted(Number(slots), 'slot')} not`;
  const each = outages.length === 1 ? '' : ' at the most each';
  return `${who} served (${whenInWords(outages)}${ms === 'unknown' ? '' : `, ${rounded(ms)}${each}`})`;
}

interface Change {
  readonly name: string;
  readonly before: Loss | undefined;
  readonly after: Loss;
}

function lossesOf({ before, after }: Plan['outlook']): OutlookRow[] {
  const zones = after.map(
    (loss): Change => ({
      name: loss.zone,
      before: before.find(({ zone }) => zone === loss.zone),
      after: loss,
    }),
  );
  const hostsBefore = hostLosses(before);
  const hosts = [...hostLosses(after)].map(
    ([name, loss]): Change => ({ name, before: hostsBefore.get(name), after: loss }),
  );
  return [...rowsOf('zone', zones), ...rowsOf('host', hosts)];
}

function hostLosses(zones: readonly ZoneLoss[]): Map<string, Loss> {
  return new Map(zones.flatMap(({ hosts }) => hosts.map((loss) => [loss.host, loss] as const)));
}

function rowsOf(kind: string, changes: readonly Change[]): OutlookRow[] {
  const alike = Map.groupBy(changes, ({ before, after }) => {
    const now = before === undefined ? '' : lossInWords(before);
    const then = lossInWords(after);
    return now === '' || now === then ? then : `${then} (now: ${now})`;
  });
  return [...alike].map(([words, places]) => {
    const names = listed(places.map(({ name }) => name)).replace(/ and (?=[^ ]+$|[\d,]+ more$)/, ' or ');
    return { label: `${kind} ${names} is lost`, lines: [words] };
  });
}

const QUORUM = {
  kept: 'quorum kept',
  lost: 'quorum lost, so nothing is served',
  unknown: 'whether the quorum is kept cannot be told',
} as const;

function lossInWords(loss: Loss): string {
  const parts: string[] = [];
  if (loss.failsOver.length > 0)
    parts.push(shards(loss.failsOver, 'fails over', 'fail over') + lastWrites(loss));
  if (loss.lost.length > 0)
    parts.push(`${shards(loss.lost, 'is', 'are')} lost with ${percent(loss.slotsLost)} of the slots`);
  if (loss.stranded.length > 0) parts.push(`${shards(loss.stranded, 'waits', 'wait')} for a person`);
  if (loss.uncertain.length > 0)
    parts.push(`of ${counted(loss.uncertain.length, 'shard')} it cannot be told`);
  if (parts.length === 0) parts.push('no shard fails over');
  parts.push(QUORUM[loss.quorum]);
  // Where nothing is served, it does not matter any more what else is missing.
  if (loss.quorum === 'lost') return parts.join(', ');
  if (loss.bare.length > 0) parts.push(`${shards(loss.bare, 'has', 'have')} no replica then`);
  else if (loss.replicasMissing > 0) parts.push(`${counted(loss.replicasMissing, 'replica')} missing then`);
  return parts.join(', ');
}

function shards(names: readonly string[], one: string, many: string): string {
  return `${counted(names.length, 'shard')} ${names.length === 1 ? one : many}`;
}

function lastWrites({ behind, failsOver }: Loss): string {
  if (behind.length === 0) return '';
  const who = behind.length === failsOver.length ? '' : `${behind.length} of them `;
  return `, ${who}perhaps without the last writes`;
}

function percent(slots: number): string {
  return `${Math.max(1, Math.round((100 * slots) / SLOT_COUNT))} %`;
}
