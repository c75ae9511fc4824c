/** What is kept between passes, and what would go wrong without it. */
import { expect, it } from 'vitest';
import { openCluster } from '../../reconciler/engine/cluster.ts';
import { converge } from '../../reconciler/engine/converge.ts';
import { fleetFor, plainDocument } from '../support/simulation/plain-fleet.ts';
import { specFrom } from '../support/simulation/random-spec.ts';

it('a directive that the spec sets no longer goes back to the default of the server, and then nothing is left to do', async () => {
  const plain = plainDocument();
  const fleet = fleetFor(plain);

  /** Converges on a spec with this more in its configuration. @returns what was done, and a policy in force */
  async function become(config: Record<string, string>): Promise<{ steps: string[]; policy: unknown }> {
    const { cluster } = await openCluster(
      specFrom({ ...plain, redis: { ...plain.redis, config: { ...plain.redis.config, ...config } } }),
      fleet.ports,
    );
    if (cluster === undefined) throw new Error('the cluster could not be opened');
    const steps: string[] = [];
    const outcome = await converge(cluster, {
      approved: new Set(),
      signal: new AbortController().signal,
      report: (event) => {
        if (event.kind === 'step-started') steps.push(event.step.step.kind);
      },
    });
    expect(outcome.status).toBe('converged');
    const [first] = Object.values(outcome.observation?.live.nodes ?? {});
    return { steps, policy: first?.config['maxmemory-policy'] };
  }

  await fleet.run(async () => {
    expect((await become({ 'maxmemory-policy': 'allkeys-lru' })).policy).toBe('allkeys-lru');
    const reverted = await become({});
    expect(new Set(reverted.steps)).toEqual(new Set(['configure']));
    expect(reverted.policy).toBe('noeviction');
    // From now on the directive is nobody's business: it is not even asked for.
    const after = await become({});
    expect(after).toEqual({ steps: [], policy: undefined });
  });
});
