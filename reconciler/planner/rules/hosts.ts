/** Engines, networks and images: what has to be there before a container can be made. */
import type { HostName } from '../../model/cluster-state.ts';
import { block, type Rule, type RuleContext } from './rule.ts';

/** Hosts that are one and the same engine, so that what it needs is made once; each group in alphabetical order. */
function engines({ live, facts }: RuleContext): HostName[][] {
  const groups = new Map<string, HostName[]>();
  for (const host of Object.keys(live.hosts).sort()) {
    if (live.hosts[host]?.engine !== 'yes') continue;
    const id = facts.hosts[host]?.engineId ?? host;
    groups.set(id, [...(groups.get(id) ?? []), host]);
  }
  return [...groups.values()];
}

export const hostRules: Rule = function* (context) {
  const { live, desired, facts } = context;
  for (const host of Object.keys(live.hosts).sort()) {
    if (live.hosts[host]?.engine === 'yes') continue;
    yield block(
      'host-unreachable',
      `host ${host}`,
      `the Docker Engine of ${host} does not answer, so nothing can be said or done about its containers`,
      facts.hosts[host]?.failure?.message ?? '',
      `make the engine reachable, or take ${host} and its nodes out of the spec`,
    );
  }
  for (const hosts of engines(context)) {
    const bare = hosts.filter(
      (host) => live.hosts[host]?.network === 'absent' && desired.hosts[host]?.network === 'ready',
    );
    const { spec } = context.intent;
    if (bare.length > 0 && spec.network.mode === 'bridge') {
      yield {
        step: {
          kind: 'create-network',
          hosts: bare,
          network: `redisforge-${spec.metadata.name}`,
          subnet: spec.network.subnet ?? '',
        },
        because: 'the cluster has no network there',
      };
    }
    for (const host of hosts) {
      if (live.hosts[host]?.network !== 'foreign') continue;
      yield block(
        'foreign-network',
        `host ${host}`,
        `a network of the name redisforge-${spec.metadata.name} exists there without our labels`,
        '',
        'remove or rename that network; RedisForge touches nothing that it did not create',
      );
    }
    const missing = new Map<string, HostName[]>();
    for (const host of hosts) {
      for (const [image, wanted] of Object.entries(desired.hosts[host]?.images ?? {})) {
        if (wanted === 'present' && live.hosts[host]?.images[image] === 'absent')
          missing.set(image, [...(missing.get(image) ?? []), host]);
      }
    }
    for (const [image, where] of missing) {
      yield {
        step: { kind: 'pull-image', hosts: where, image },
        because: 'a container is to be made from it',
      };
    }
  }
};
