/**
 * Plans one case in a process of its own and prints how long that took and how much memory the process ever occupied.
 * Time is what the processor spends on this thread: nothing is waited for, and a busy machine does not change it.
 *
 *   node planning-process.ts <case> <nodes> <file with the live state> <how often once more>
 */
import { readFileSync } from 'node:fs';
import type { ClusterState } from '../../reconciler/model/cluster-state.ts';
import { plan } from '../../reconciler/planner/plan.ts';
import { noFacts, POLICY } from '../../test/support/specs.ts';
import { PLANNING_CASES, type PlanningCaseName } from './planning-cases.ts';

/** What is printed, as JSON. */
export interface Planned {
  readonly steps: number;
  readonly waves: number;
  /** The first time, with nothing compiled. */
  readonly coldMs: number;
  /** Peak until the end of the first time. */
  readonly peakMegabytes: number;
  readonly warmMs: readonly number[];
}

const [name = '', nodes = '', file = '', again = '0'] = process.argv.slice(2);
const intent = PLANNING_CASES[name as PlanningCaseName].intent(Number(nodes));
const live = JSON.parse(readFileSync(file, 'utf8')) as ClusterState;

function timed(): { ms: number; steps: number; waves: number } {
  const began = process.threadCpuUsage();
  const { waves } = plan(intent, live, noFacts(intent), POLICY);
  const { user, system } = process.threadCpuUsage(began);
  return { ms: (user + system) / 1000, steps: waves.flat().length, waves: waves.length };
}

const { ms: coldMs, steps, waves } = timed();
// Counted in units of 1024 bytes.
const peakMegabytes = (process.resourceUsage().maxRSS * 1024) / 1e6;
const warmMs = Array.from({ length: Number(again) }, () => timed().ms);
const planned: Planned = { steps, waves, coldMs, peakMegabytes, warmMs };
console.log(JSON.stringify(planned));
