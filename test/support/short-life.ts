/**
 * One life of RedisForge that is ended by SIGKILL: `node short-life.ts DIRECTORY MOMENT [MS]`.
 *
 * It converges the spec in DIRECTORY, writes `started ID` for each step, and is killed at its MOMENT:
 * - `before`: when its first step is decided on and nothing of it has been sent;
 * - `after`: when all calls of its first step have returned, before it is seen whether they had an effect;
 * - `any`: MS milliseconds after its start, with as many steps side by side as the loop likes.
 * It exits with 0 when it finds nothing left to do.
 */
import { readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openCluster } from '../../reconciler/engine/cluster.ts';
import { converge } from '../../reconciler/engine/converge.ts';
import { isWait } from '../../reconciler/steps/table.ts';
import { parsed, portsIn } from './real-cluster.ts';

const [directory = '', moment, ms = '0'] = process.argv.slice(2);

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

const spec = parsed(readFileSync(join(directory, 'cluster.yaml'), 'utf8'));
const { cluster, problems } = await openCluster(spec, portsIn(directory));
if (cluster === undefined) throw new Error(JSON.stringify(problems));
if (moment === 'any') setTimeout(die, Number(ms));

let only: string | undefined;
let executed = false;
const outcome = await converge(cluster, {
  signal: new AbortController().signal,
  allow(planned) {
    if (moment === 'any' || isWait(planned.step)) return true;
    only ??= planned.id;
    return planned.id === only;
  },
  report(event) {
    if (event.kind === 'step-started' && !isWait(event.step.step)) {
      writeSync(1, `started ${event.step.id}\n`);
      if (moment === 'before') die();
      executed = true;
    } else if (event.kind === 'observed' && executed && moment === 'after') {
      // The loop looks again when all calls have returned.
      die();
    }
  },
});
if (outcome.status !== 'converged') {
  writeSync(1, `${outcome.status}: ${JSON.stringify('blocks' in outcome ? outcome.blocks : [])}\n`);
  if ('failures' in outcome) writeSync(1, `${JSON.stringify(outcome.failures)}\n`);
  process.exit(1);
}
process.exit(0);
