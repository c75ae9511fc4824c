/** Six nodes before anybody has formed a cluster of them: running for some seconds, empty, each one alone. */
import { setTimeout as wait } from 'node:timers/promises';
import { converge } from '../../reconciler/engine/converge.ts';
import { HASTENED } from '../../reconciler/planner/intent.ts';
import type { StepName } from '../../reconciler/steps/table.ts';
import { RealCluster } from '../../test/support/real-cluster.ts';

const UNTIL_DEPLOYED: ReadonlySet<StepName> = new Set([
  'create-network',
  'pull-image',
  'prepare-volume',
  'deploy-node',
]);

/** Redis refuses writes, and so calls the cluster down, for 2 s after a start: that is nobody's merit or fault. */
const GROWN_UP_MS = 4_000;
const LOOK_MS = 250;

/**
 * Makes them with the configuration that the spec asks for, as any provisioning would, hands them over and removes
 * them, whatever happens.
 */
export async function withNewbornNodes<T>(
  signal: AbortSignal,
  use: (cluster: RealCluster) => Promise<T>,
): Promise<T> {
  const cluster = await RealCluster.create({ config: { 'repl-diskless-sync-delay': 5 } });
  try {
    await deploy(cluster, signal);
    await slowDown(cluster);
    return await use(cluster);
  } finally {
    await cluster.remove();
  }
}

async function deploy(cluster: RealCluster, signal: AbortSignal): Promise<void> {
  const outcome = await converge(await cluster.open(), {
    signal,
    report: () => {},
    allow: ({ step }) => UNTIL_DEPLOYED.has(step.kind),
  });
  signal.throwIfAborted();
  if (outcome.status === 'failed') throw new Error(outcome.failures.map(({ reason }) => reason).join('; '));
  while (!(await areGrownUp(cluster))) await wait(LOOK_MS, undefined, { signal });
}

async function areGrownUp(cluster: RealCluster): Promise<boolean> {
  const { live, facts } = await cluster.observe();
  return Object.entries(live.nodes).every(
    ([name, node]) =>
      node.membership === 'alone' && (facts.nodes[name]?.reading?.uptimeMs ?? 0) >= GROWN_UP_MS,
  );
}

/** RedisForge starts such nodes hastened already; here hastening them is part of what is measured. */
async function slowDown(cluster: RealCluster): Promise<void> {
  const { intent } = await cluster.open();
  await Promise.all(
    Object.entries(intent.nodes).map(async ([name, { config }]) => {
      const values = Object.keys(HASTENED).flatMap((directive) => [directive, config[directive] ?? '']);
      await cluster.asAdmin(cluster.short(name), 'CONFIG', 'SET', ...values);
    }),
  );
}
