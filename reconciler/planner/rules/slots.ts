/** Slots that nobody owns are given an owner; open slots are shown. */
import { formatSlots, intersectSlots, parseSlots, slotCount } from '../../model/slots.ts';
import { isUnformed, nodeOf, ownsSlots, uncoveredSlots } from '../../model/topology.ts';
import { block, type Rule } from './rule.ts';

export const slotRules: Rule = function* (context) {
  const { live, desired, names, facts } = context;
  if (live.openSlots !== '') {
    const remarks = names.flatMap((name) =>
      (facts.nodes[name]?.remarks ?? []).filter((remark) => remark.includes('slot')),
    );
    yield block(
      'open-slots',
      'cluster',
      `slots ${live.openSlots} are open: a migration by somebody else is under way, or was interrupted`,
      remarks.join('; '),
      'let the migration end, or close the slots with CLUSTER SETSLOT <slot> STABLE on the nodes named',
    );
  }
  const unowned = uncoveredSlots(live);
  if (slotCount(unowned) === 0) return;
  const formed =
    !isUnformed(live) &&
    names.some((name) => nodeOf(live, name).membership === 'joined' && ownsSlots(nodeOf(live, name)));
  const silent = names.filter((name) => nodeOf(live, name).reachable !== 'yes');
  for (const name of names) {
    const node = nodeOf(live, name);
    const missing = intersectSlots(parseSlots(nodeOf(desired, name).slots), unowned);
    if (slotCount(missing) === 0) continue;
    if (formed && silent.length > 0) {
      yield block(
        'slots-uncovered',
        `node ${name}`,
        `slots ${formatSlots(missing)} have no owner, but they are not assigned while nodes are silent: one of them may hold their keys`,
        `${silent.join(', ')} cannot be asked`,
        `bring ${silent.join(', ')} back`,
      );
      continue;
    }
    const ready = node.reachable === 'yes' && node.epoch === 'set' && node.role === 'primary';
    const alone = node.membership === 'alone' && node.contents === 'empty' && !formed;
    const member = node.membership === 'joined' && (live.agreement === 'yes' || !formed);
    if (!ready || !(alone || member)) continue;
    yield {
      step: { kind: 'assign-slots', node: name, slots: formatSlots(missing) },
      because: formed ? 'nobody owns them' : 'the cluster is being formed',
    };
  }
};
