/** How soon a push is answered by its plan: the real command, real Git and Redis, and a GitHub that rings. */
import { Stage } from '../../test/support/stage/stage.ts';
import type { Benchmark } from './benchmark.ts';

const FORMED_MS = 120_000;
const ANSWERED_MS = 60_000;

export const pushToComment: Benchmark = {
  name: 'push-to-comment',
  summary: 'from a push to the plan in the comment, when the webhook rings',
  async run({ runs, signal, say }) {
    const rung: number[] = [];
    // So long that only the webhook can be the reason for a quick answer.
    const stage = await Stage.create({ api: '', as: 'token', poll: '10m' });
    try {
      await stage.reconciler();
      await stage.serves(FORMED_MS);
      let number: number | undefined;
      for (let run = 0; run < runs; run += 1) {
        signal.throwIfAborted();
        stage.cluster.edit((document) => {
          document.redis.config['maxmemory'] = `${200 + run}mb`;
        });
        const began = performance.now();
        if (number === undefined) number = await stage.open('more', 'More memory');
        else await stage.push(number);
        await stage.ring();
        await stage.commentSays(number, new RegExp(`head ${stage.head(number).slice(0, 7)}`), ANSWERED_MS);
        rung.push(performance.now() - began);
        say(`  ${Math.round(rung.at(-1) ?? 0)} ms`);
      }
    } finally {
      await stage.close();
    }
    return [
      {
        what: 'from a push to its plan in the comment, Git and the look at the cluster included',
        unit: 'ms',
        samples: rung,
        bound: { atMost: 10_000, said: '10 s' },
      },
    ];
  },
};
