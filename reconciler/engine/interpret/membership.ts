/** Who is connected with whom, judged from both ends of every link. */
import type { NodeId, NodeName, NodeState } from '../../model/cluster-state.ts';
import type { MemberView, NodeReading } from '../../model/readings.ts';
import type { Identities } from './identity.ts';

export interface Memberships {
  readonly of: ReadonlyMap<NodeName, NodeState['membership']>;
  /** What is broken, in words, per node. */
  readonly remarks: ReadonlyMap<NodeName, readonly string[]>;
}

function sees(view: ReadonlyMap<NodeId, MemberView>, id: NodeId): boolean {
  const member = view.get(id);
  return (
    member !== undefined &&
    !member.handshake &&
    !member.noAddress &&
    member.linkConnected &&
    member.failing !== 'failed'
  );
}

/**
 * Membership of every node that answers; the others are judged by what those say.
 *
 * The core is found by taking away, again and again, the node with most broken links until every link that is left
 * is whole; what was taken away is `parted`.
 * @param known names of all nodes of the spec.
 * @param novel those of them that have never run: they have no volume, or one that nobody remembers in use.
 */
export function memberships(
  known: readonly NodeName[],
  novel: ReadonlySet<NodeName>,
  readings: ReadonlyMap<NodeName, NodeReading>,
  identities: Identities,
): Memberships {
  const of = new Map<NodeName, NodeState['membership']>();
  const remarks = new Map<NodeName, string[]>();
  const views = new Map(
    [...readings].map(([name, reading]) => [
      name,
      new Map(reading.members.map((member) => [member.id, member])),
    ]),
  );
  const social: NodeName[] = [];
  for (const [name, reading] of readings) {
    const others = reading.members.filter((member) => !member.myself && !member.handshake);
    if (others.length === 0) of.set(name, 'alone');
    else if (!others.some((member) => identities.nameOf.has(member.id)) && readings.size > 1) {
      of.set(name, 'elsewhere');
      remarks.set(name, [`it knows ${others.length} members, none of them ours`]);
    } else social.push(name);
  }

  const broken = new Map<NodeName, Set<NodeName>>(social.map((name) => [name, new Set()]));
  for (const [index, a] of social.entries()) {
    for (const b of social.slice(index + 1)) {
      const whole =
        sees(views.get(a) as Map<NodeId, MemberView>, identities.idOf.get(b) ?? '') &&
        sees(views.get(b) as Map<NodeId, MemberView>, identities.idOf.get(a) ?? '');
      if (whole) continue;
      broken.get(a)?.add(b);
      broken.get(b)?.add(a);
      remarks.set(a, [...(remarks.get(a) ?? []), `no whole link with ${b}`]);
      remarks.set(b, [...(remarks.get(b) ?? []), `no whole link with ${a}`]);
    }
  }
  const core = new Set(social);
  for (;;) {
    let worst: NodeName | undefined;
    let most = 0;
    for (const name of core) {
      const count = [...(broken.get(name) ?? [])].filter((other) => core.has(other)).length;
      if (count > most) [worst, most] = [name, count];
    }
    if (worst === undefined) break;
    core.delete(worst);
  }
  // A single node cannot be the cluster while others of it answer too: then every link is broken.
  const nobody = core.size === 1 && social.length > 1;
  for (const name of social) of.set(name, core.has(name) && !nobody ? 'joined' : 'parted');

  for (const name of known) {
    if (of.has(name)) continue;
    const id = identities.idOf.get(name);
    const listed = id !== undefined && [...views.values()].some((view) => view.has(id));
    // While nobody answers, what has run before may be a member of anything.
    of.set(name, listed ? 'joined' : readings.size === 0 && !novel.has(name) ? 'unknown' : 'none');
  }
  return { of, remarks };
}
