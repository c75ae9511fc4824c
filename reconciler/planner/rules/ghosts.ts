/** Members that are none of our nodes: forgotten when they are lost and own nothing, otherwise shown. */
import { isMember, nodeOf } from '../../model/topology.ts';
import { block, type Rule } from './rule.ts';

export const ghostRules: Rule = function* (context) {
  const { live, names } = context;
  const ids = Object.keys(live.ghosts).sort();
  if (ids.length === 0) return;
  // As long as links are broken some node would keep the ghost and tell the others of it again.
  const answering = names.filter((name) => nodeOf(live, name).reachable === 'yes');
  const whole =
    answering.some((name) => isMember(nodeOf(live, name))) &&
    answering.every((name) => nodeOf(live, name).membership !== 'parted');
  for (const id of ids) {
    const ghost = live.ghosts[id];
    if (ghost === undefined) continue;
    const who = `member ${id.slice(0, 8)}${ghost.address === '' ? '' : ` at ${ghost.address}`}`;
    if (ghost.state === 'alive') {
      yield block(
        'foreign-member',
        who,
        `${who} belongs to the cluster, but the spec does not name it`,
        `role ${ghost.role}, slots ${ghost.slots === '' ? 'none' : ghost.slots}`,
        'add it to the spec, or take it out of the cluster by hand (CLUSTER FORGET on every node)',
      );
    } else if (ghost.state === 'unclear') {
      yield block(
        'unclear-member',
        who,
        `${who} has failed and may be one of our own nodes that cannot be asked for its identity now`,
        `role ${ghost.role}, slots ${ghost.slots === '' ? 'none' : ghost.slots}`,
        'bring the silent nodes back, or take them out of the spec',
      );
    } else if (ghost.slots !== '' && ghost.replicas !== '') {
      yield block(
        'lost-member-awaits-election',
        who,
        `${who} is lost but still owns slots ${ghost.slots}; ${ghost.replicas} replicates it and is to be elected in its place`,
        ghost.formerly === '' ? '' : `it was ${ghost.formerly} before`,
        'nothing, while most primaries are reachable: the members elect it within a few times the node timeout',
      );
    } else if (ghost.slots !== '') {
      yield block(
        'lost-member-owns-slots',
        who,
        `${who} is lost but still owns slots ${ghost.slots}, so their keys cannot be reached`,
        ghost.formerly === '' ? '' : `it was ${ghost.formerly} before`,
        'bring it back with its volume; if it is gone for good its keys are lost with it',
      );
    } else if (ghost.replicas !== '') {
      yield block(
        'lost-member-has-replicas',
        who,
        `${who} is lost, but ${ghost.replicas} still replicates it: forgotten now, that replica could never be promoted`,
        '',
        `point ${ghost.replicas} to another primary first`,
      );
    } else if (whole) {
      yield {
        step: { kind: 'forget-ghost', id, address: ghost.address },
        because:
          ghost.formerly === ''
            ? 'it is lost and owns nothing'
            : `it is a former identity of ${ghost.formerly}, which came back without its volume`,
      };
    }
  }
};
