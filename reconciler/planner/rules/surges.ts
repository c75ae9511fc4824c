/** Surge replicas that are not needed any more, or of which only an old volume is left. */
import { ofEachNode } from '../../model/census.ts';
import type { ClusterState } from '../../model/cluster-state.ts';
import { followersOf, isGoneSurge, isMember, nodeOf, ownsSlots } from '../../model/topology.ts';
import type { Rule } from './rule.ts';

/** Whether everybody is there who would otherwise not hear that it is to be forgotten, and tell of it again. */
function isEverybodyThere(live: ClusterState): boolean {
  return Object.values(live.nodes).every(
    (node) => node.membership !== 'joined' || isMember(node) || live.hosts[node.host]?.engine !== 'yes',
  );
}

const surgesThere = ofEachNode((node) => (node.surge && !isGoneSurge(node)) || undefined);

export const surgeRules: Rule = function* ({ live, intent }) {
  for (const name of surgesThere(live)
    .map(([name]) => name)
    .sort()) {
    const node = nodeOf(live, name);
    const isWanted = intent.nodes[name] !== undefined;
    // What is in the volume of an earlier roll is old; it is made anew.
    if (isWanted && node.volume !== 'used') continue;
    const isLooked = live.hosts[node.host]?.engine === 'yes' && node.container !== 'unknown';
    if (!isLooked || node.container === 'foreign' || node.volume === 'foreign') continue;
    // Elected in an emergency: it hands over first, which is for the rules of roles and replication to say.
    if (ownsSlots(node) || followersOf(live, name).length > 0) continue;
    const isSettled = live.agreement === 'yes' && live.serving === 'yes' && isEverybodyThere(live);
    if (isMember(node) && !isSettled) continue;
    yield {
      step: { kind: 'remove-surge', node: name, host: node.host },
      because: isWanted
        ? 'its volume is left from an earlier roll'
        : `every other member of shard ${node.shard} is as it should be, and in sync`,
    };
  }
};
