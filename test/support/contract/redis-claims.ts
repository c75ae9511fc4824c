/**
 * Everything about Redis that the simulated fleet claims, as checks that run against real servers too.
 *
 * A claim is written in terms of the ports: the same function proves it on the simulation (test/simulation) and on
 * redis-server in containers. Where both do not agree, the simulation is wrong.
 */
import { CONFIG_CLAIMS } from './config-claims.ts';
import { FAILOVER_CLAIMS } from './failover-claims.ts';
import { MEMBERSHIP_CLAIMS } from './membership-claims.ts';
import { MIGRATION_CLAIMS } from './migration-claims.ts';
import type { Claim } from './redis-lab.ts';

export const REDIS_CLAIMS: readonly Claim[] = [
  ...MEMBERSHIP_CLAIMS,
  ...FAILOVER_CLAIMS,
  ...MIGRATION_CLAIMS,
  ...CONFIG_CLAIMS,
];
