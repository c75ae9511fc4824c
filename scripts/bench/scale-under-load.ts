/** Slots that move while clients write as fast as they can. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Benchmark } from './benchmark.ts';
import { FourthShard } from './fourth-shard.ts';
import type { Measure } from './measure.ts';
import { quantity } from './report.ts';
import { SpareReplica } from './spare-replica.ts';
import { Writer } from './writer.ts';
import type { WriterReport } from './writer-messages.ts';

const KEYS = 1_000_000;
const WRITES = 50_000;
const WARM_UP_MS = 3_000;
/**
 * Under this load redis-cli takes 440 s for all 4096 slots here (measured once). So it moves these, and the time is
 * told for all at the same speed.
 */
const PEER_SLOTS = 128;

export const scaleUnderLoad: Benchmark = {
  name: 'scale-load',
  summary: `three shards with 1 million keys become four under ${WRITES.toLocaleString('en')} writes/s`,
  run: ({ signal, runs, say }) =>
    FourthShard.lend(KEYS, signal, async (lab) => {
      const spare = await SpareReplica.start(lab.cluster);
      const writer = await Writer.start(lab.cluster, WRITES);
      await wait(WARM_UP_MS, undefined, { signal });
      const reports: WriterReport[] = [];
      const loaded = async (work: () => Promise<number>): Promise<number> => {
        const { result, report } = await writer.during(work);
        await writer.mustHold(report);
        reports.push(report);
        return result;
      };
      const out: number[] = [];
      const syncs: number[] = [];
      const rates: number[] = [];
      const pauses: number[] = [];
      for (let round = 1; round <= runs; round += 1) {
        out.push(await loaded(() => lab.scaleOutByRedisForge()));
        const { writes, seconds, longestMs } = reports.at(-1) as WriterReport;
        rates.push(Math.round(writes / seconds));
        pauses.push(longestMs);
        syncs.push(await loaded(() => spare.syncFrom('4a', signal)));
        await loaded(() => lab.drainByRedisForge());
        say(
          `  round ${round}: ${quantity(out.at(-1) ?? 0, 'ms')} at ${rates.at(-1)} writes/s, full sync ${quantity(syncs.at(-1) ?? 0, 'ms')}`,
        );
      }
      const peer = [await loaded(() => lab.scaleOutInPartByRedisCli(PEER_SLOTS))];
      return measures({ out, syncs, rates, pauses, peer });
    }),
};

interface Numbers {
  readonly out: readonly number[];
  readonly syncs: readonly number[];
  readonly rates: readonly number[];
  readonly pauses: readonly number[];
  readonly peer: readonly number[];
}

function measures({ out, syncs, rates, pauses, peer }: Numbers): Measure[] {
  const rebalance: Measure = {
    what: `redis-cli, by ${PEER_SLOTS} of 4096 slots`,
    unit: 'ms',
    samples: peer,
  };
  const sync: Measure = { what: 'a replica takes the same bytes, full sync', unit: 'ms', samples: syncs };
  return [
    rebalance,
    {
      what: 'RedisForge: 3 to 4 shards, converged',
      unit: 'ms',
      samples: out,
      bound: { atMost: 1 / 20, said: '1/20 of redis-cli', of: rebalance },
    },
    sync,
    {
      what: 'RedisForge: the same',
      unit: 'ms',
      samples: out,
      bound: { atMost: 1.7, said: '1.7x the full sync', of: sync },
    },
    { what: 'writes per second meanwhile', unit: 'count', samples: rates },
    { what: 'the longest that one of them waited', unit: 'ms', samples: pauses },
  ];
}
