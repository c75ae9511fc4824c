/** Keys that are missing after a migration: everything stops, also in the next life, until a person has looked. */
import { expect, it } from 'vitest';
import { openCluster } from '../../reconciler/engine/cluster.ts';
import { converge, type Outcome } from '../../reconciler/engine/converge.ts';
import type { ProgressEvent } from '../../reconciler/engine/progress.ts';
import type { ClusterSpec } from '../../spec-schema/cluster-spec.ts';
import { SimulatedFleet } from '../support/simulation/fleet.ts';
import { documentOf, specFrom } from '../support/simulation/random-spec.ts';
import { reason } from '../support/simulation/story.ts';

const grown = documentOf({
  shards: 4,
  replicas: 1,
  zones: 4,
  hostsPerZone: 1,
  network: 'host',
  persistent: true,
  roles: true,
  config: {},
  users: 0,
});
const document = { ...grown, nodes: grown.nodes.filter(({ shard }) => shard !== 's4') };

function pass(
  fleet: SimulatedFleet,
  spec: ClusterSpec,
  report: (event: ProgressEvent) => void = () => {},
): Promise<Outcome> {
  return fleet.run(async () => {
    const { cluster } = await openCluster(spec, fleet.ports);
    if (cluster === undefined) throw new Error('the secrets cannot be read');
    return converge(cluster, { signal: new AbortController().signal, report });
  });
}

it('nothing more is done when keys are missing, before the spec says so', async () => {
  const fleet = new SimulatedFleet({ seed: 20_261_124, hosts: specFrom(document).hosts });
  for (const file of ['operator', 'replication', 'id_ed25519'])
    fleet.setSecret({ file }, `secret of ${file}`);
  const founded = await pass(fleet, specFrom(document));
  expect(founded.status, reason(founded)).toBe('converged');
  await fleet.idle(60_000);

  // A target that cannot take writes reports that the migration is complete, and the keys are gone.
  const spec = specFrom(grown);
  let isSpoilt = false;
  const spoilt = await pass(fleet, spec, (event) => {
    if (event.kind !== 'step-started' || event.step.step.kind !== 'migrate-slots' || isSpoilt) return;
    const node = event.step.step.to;
    isSpoilt = fleet.inject({ kind: 'config-set', node, directive: 'min-replicas-to-write', value: '9' });
  });
  expect(isSpoilt).toBe(true);
  expect(reason(spoilt), fleet.describe()).toMatch(
    /^failed .*migrate-slots:.*keys were counted at .* before and 0 at .* after; they are missing in slots \d/,
  );

  fleet.crash('after keys were found to be missing');
  await fleet.idle(1_000);
  fleet.clearCounts();
  const stopped = await pass(fleet, spec);
  expect(reason(stopped)).toMatch(/^blocked keys-missing: everything is stopped since .*missing in slots \d/);
  expect(fleet.mutations()).toBe(0);

  const looked: ClusterSpec = {
    ...spec,
    metadata: { ...spec.metadata, description: 'the keys were restored' },
  };
  const last = await pass(fleet, looked);
  expect(last.status, reason(last)).toBe('converged');
});
