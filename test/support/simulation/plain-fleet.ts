/** A simulated fleet for a plain cluster: a primary and a replica for each shard, all persistent, on hosts in zones. */
import { SimulatedFleet } from './fleet.ts';
import { documentOf, type SpecDocument, specFrom } from './random-spec.ts';

export function plainDocument({ shards = 3, zones = 3 } = {}): SpecDocument {
  return documentOf({
    shards,
    replicas: 1,
    zones,
    hostsPerZone: 1,
    network: 'host',
    persistent: true,
    roles: false,
    config: {},
    users: 0,
  });
}

/** With the secrets that such a spec refers to. */
export function fleetFor(document: SpecDocument): SimulatedFleet {
  const fleet = new SimulatedFleet({ seed: 1, hosts: specFrom(document).hosts });
  for (const file of ['operator', 'replication', 'id_ed25519'])
    fleet.setSecret({ file }, `secret of ${file}`);
  return fleet;
}
