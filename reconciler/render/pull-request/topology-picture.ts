/**
 * Pictures of a cluster in Mermaid, which GitHub draws: zones as boxes, the nodes in them, who follows whom. Large
 * clusters are drawn by shard, and larger ones are counted.
 */
import type { ClusterState, NodeName, NodeState } from '../../model/cluster-state.ts';
import { parseSlots, slotCount } from '../../model/slots.ts';
import type { Sides } from '../../planner/preview/preview.ts';
import { counted } from '../quantities.ts';
import { IMPORTANCE, type Piece, text } from './tree.ts';

/** More boxes than these cannot be made out in a comment. */
const MOST_NODES = 48;
const MOST_SHARDS = 80;

/** Both sides, or one when nothing of what is drawn changes. */
export function topologyPieces({ live, after }: Sides): Piece[] {
  const [before, then] = [drawn(live, live), drawn(after, after)];
  if (then === undefined) return [];
  if (before === undefined || before === then) return [picture(then)];
  return [
    text(`Before (red: leaves; amber: changes its role or its primary):`),
    picture(drawn(live, after) ?? before),
    text('After (green: new; amber: changed):'),
    picture(drawn(after, live, 'new') ?? then),
  ];
}

function picture(source: string): Piece {
  return {
    kind: 'optional',
    text: ['```mermaid', source, '```'].join('\n'),
    unit: { importance: IMPORTANCE.picture },
    instead: '_The picture is left out here._',
  };
}

type Member = readonly [name: NodeName, node: NodeState];

/**
 * @param other the other side: what is not there, or is something else there, is painted.
 * @param alone how nodes are painted that the other side does not have.
 */
function drawn(state: ClusterState, other: ClusterState, alone: Paint = 'gone'): string | undefined {
  const members = membersOf(state);
  if (members.length === 0) return undefined;
  const zones = [...Map.groupBy(members, ([, { zone }]) => zone)].sort(([a], [b]) => numeric.compare(a, b));
  if (members.length <= MOST_NODES) return byNode(members, zones, paintOf(members, other, alone));
  const shards = [...Map.groupBy(members, ([, { shard }]) => shard)].sort(([a], [b]) =>
    numeric.compare(a, b),
  );
  return shards.length <= MOST_SHARDS ? byShard(shards) : byZone(zones);
}

function membersOf({ nodes }: ClusterState): Member[] {
  return Object.entries(nodes).filter(
    ([, { container, membership }]) => container !== 'absent' || membership !== 'none',
  );
}

/** Borders only: the fill is that of the reader's theme. */
const PAINTS = { new: '#1a7f37', gone: '#cf222e', changed: '#bf8700' } as const;

type Paint = keyof typeof PAINTS;

function paintOf(
  members: readonly Member[],
  other: ClusterState,
  alone: Paint,
): ReadonlyMap<NodeName, Paint> {
  const others = new Map(membersOf(other));
  return new Map(
    members.flatMap(([name, node]): (readonly [NodeName, Paint])[] => {
      const there = others.get(name);
      if (there === undefined) return [[name, alone]];
      return there.role === node.role && there.replicaOf === node.replicaOf ? [] : [[name, 'changed']];
    }),
  );
}

const numeric = new Intl.Collator('en', { numeric: true });

function byNode(
  members: readonly Member[],
  zones: readonly (readonly [string, readonly Member[]])[],
  paints: ReadonlyMap<NodeName, Paint>,
): string {
  const ids = new Map(members.map(([name], index) => [name, `n${index}`]));
  const boxes = zones.flatMap(([zone, inside], index) => [
    `  subgraph z${index}["zone ${label(zone)}"]`,
    ...inside.map(([name, node]) => `    ${ids.get(name)}["${label(name)}<br/>${placeOf(node)}"]`),
    '  end',
  ]);
  const links = members.flatMap(([name, { replicaOf }]) => {
    const primary = replicaOf === null ? undefined : ids.get(replicaOf);
    return primary === undefined ? [] : [`  ${primary} -.-> ${ids.get(name)}`];
  });
  const painted = [...Map.groupBy(paints, ([, paint]) => paint)].flatMap(([paint, names]) => [
    `  classDef ${paint} stroke:${PAINTS[paint]},stroke-width:3px`,
    `  class ${names.map(([name]) => ids.get(name)).join(',')} ${paint}`,
  ]);
  return ['flowchart LR', ...boxes, ...links, ...painted].join('\n');
}

function placeOf({ shard, role, slots }: NodeState): string {
  const owned = slots === '' ? '' : `, ${counted(slotCount(parseSlots(slots)), 'slot')}`;
  return `${label(shard)} ${role}${owned}`;
}

function byShard(shards: readonly (readonly [string, readonly Member[]])[]): string {
  const boxes = shards.map(([shard, members], index) => {
    const slots = members.reduce((sum, [, node]) => sum + slotCount(parseSlots(node.slots)), 0);
    const primaries = members.filter(([, { role }]) => role === 'primary').map(([, { zone }]) => zone);
    const replicas = members.filter(([, { role }]) => role !== 'primary').map(([, { zone }]) => zone);
    const lines = [
      `${label(shard)}: ${counted(slots, 'slot')}`,
      `primary in ${zonesOf(primaries)}`,
      `replicas in ${zonesOf(replicas)}`,
    ];
    return `  s${index}["${lines.join('<br/>')}"]`;
  });
  return ['flowchart LR', ...boxes].join('\n');
}

function zonesOf(zones: readonly string[]): string {
  const names = [...new Set(zones)].sort(numeric.compare);
  return names.length === 0 ? 'no zone' : names.slice(0, 5).map(label).join(', ');
}

function byZone(zones: readonly (readonly [string, readonly Member[]])[]): string {
  const boxes = zones.slice(0, MOST_SHARDS).map(([zone, members], index) => {
    const primaries = members.filter(([, { role }]) => role === 'primary').length;
    const rest = members.length - primaries;
    const lines = [
      `zone ${label(zone)}`,
      counted(primaries, 'primary', 'primaries'),
      counted(rest, 'replica'),
    ];
    return `  z${index}["${lines.join('<br/>')}"]`;
  });
  return ['flowchart LR', ...boxes].join('\n');
}

/** Names come from labels and other people's servers: only what Mermaid, Markdown and HTML see nothing in is left. */
function label(name: string): string {
  const safe = name.replace(/[^\p{L}\p{N} ._/:-]/gu, '_');
  return safe.length > 60 ? `${safe.slice(0, 59)}…` : safe;
}
