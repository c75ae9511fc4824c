/** Slots that move: three shards become four and three again, against redis-cli and against a plain full sync. */
import type { BenchContext, Benchmark } from './benchmark.ts';
import { FourthShard } from './fourth-shard.ts';
import type { Measure } from './measure.ts';
import { quantity } from './report.ts';
import { SpareReplica } from './spare-replica.ts';

interface Moved {
  readonly out: number[];
  readonly drain: number[];
}

interface Numbers {
  readonly ours: Moved;
  readonly theirs: Moved;
  /** A replica takes over what the fourth shard has received. */
  readonly syncs: number[];
}

/** @param rounds how often redis-cli is measured, when so many rounds were asked for; it takes minutes. */
function scale(name: string, keys: number, title: string, rounds: (runs: number) => number): Benchmark {
  return {
    name,
    summary: `three shards with replicas and ${title} keys of 100 bytes become four, then three again`,
    run: (context) =>
      FourthShard.lend(keys, context.signal, async (lab) => {
        const numbers = await measure(lab, context, rounds(context.runs));
        return measures(numbers);
      }),
  };
}

export const scaleMillion = scale('scale', 1_000_000, '1 million', (runs) => runs);

/** Each round of redis-cli takes some two minutes here: one in full is worth more than three by extrapolation. */
export const scaleMillions = scale('scale-3m', 3_000_000, '3 million', () => 1);

async function measure(lab: FourthShard, context: BenchContext, rounds: number): Promise<Numbers> {
  const { signal, runs, say } = context;
  const spare = await SpareReplica.start(lab.cluster);
  const numbers: Numbers = { ours: { out: [], drain: [] }, theirs: { out: [], drain: [] }, syncs: [] };
  for (let round = 1; round <= runs; round += 1) {
    // The peer of the smallest difference is measured right beside: another minute is another machine.
    numbers.ours.out.push(await lab.scaleOutByRedisForge());
    numbers.syncs.push(await spare.syncFrom('4a', signal));
    numbers.ours.drain.push(await lab.drainByRedisForge());
    say(`  round ${round}: RedisForge ${told(numbers.ours)}; full sync ${last(numbers.syncs)}`);
    if (round > rounds) continue;
    numbers.theirs.out.push(await lab.scaleOutByRedisCli());
    numbers.theirs.drain.push(await lab.drainByRedisCli());
    say(`  round ${round}: redis-cli ${told(numbers.theirs)}`);
  }
  return numbers;
}

function measures({ ours, theirs, syncs }: Numbers): Measure[] {
  const rebalance: Measure = { what: 'redis-cli: 3 to 4 shards', unit: 'ms', samples: theirs.out };
  const empty: Measure = { what: 'redis-cli: weight of one shard 0', unit: 'ms', samples: theirs.drain };
  const sync: Measure = { what: 'a replica takes the same bytes, full sync', unit: 'ms', samples: syncs };
  const twentieth = { atMost: 1 / 20, said: '1/20 of redis-cli' };
  const out = { what: 'RedisForge: 3 to 4 shards, converged', unit: 'ms', samples: ours.out } as const;
  const drain = 'RedisForge: a shard drained, keys counted';
  return [
    rebalance,
    { ...out, bound: { ...twentieth, of: rebalance } },
    sync,
    { ...out, what: 'RedisForge: the same', bound: { atMost: 1.7, said: '1.7x the full sync', of: sync } },
    empty,
    { what: drain, unit: 'ms', samples: ours.drain, bound: { ...twentieth, of: empty } },
  ];
}

function told({ out, drain }: Moved): string {
  return `${last(out)} out, ${last(drain)} back`;
}

function last(samples: readonly number[]): string {
  return quantity(samples.at(-1) ?? 0, 'ms');
}
