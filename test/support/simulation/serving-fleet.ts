/** Fleets for the tests of the simulation itself. */
import { formCluster, type LabCluster, type LabOptions } from '../contract/redis-lab.ts';
import { type FleetOptions, SimulatedFleet } from './fleet.ts';
import { LAB_HOST, simulatedLab } from './simulated-lab.ts';

export function newFleet(seed: number, options: Partial<FleetOptions> = {}): SimulatedFleet {
  return new SimulatedFleet({ seed, hosts: [LAB_HOST], reuseAddresses: false, ...options });
}

/** A fleet with a serving cluster of three shards. */
export async function servingFleet(
  seed: number,
  replicas: number,
  options: LabOptions = {},
  fleetOptions: Partial<FleetOptions> = {},
): Promise<{ fleet: SimulatedFleet; cluster: LabCluster }> {
  const fleet = newFleet(seed, fleetOptions);
  const config = { 'cluster-node-timeout': '1000', ...options.config };
  const cluster = await fleet.run(() =>
    formCluster(simulatedLab(fleet), 3, replicas, { ...options, config }),
  );
  await fleet.idle(2000);
  return { fleet, cluster };
}
