/** More or fewer shards, more or fewer replicas: as an edit of the file. */
import type { ClusterSpec, NodeSpec } from '../cluster-spec.ts';
import { type EditResult, judged, type OpenSpec, type Original, openSpec, refused } from './edited.ts';
import { changeEntries } from './entries.ts';
import { Growth } from './growth.ts';
import { insertItems, removeItems } from './items.ts';
import { membersInOrder, shardsInOrder } from './naming.ts';
import { orphanNotes } from './orphans.ts';
import { type Splice, spliced } from './splices.ts';
import { sourceAt, yamlSource } from './yaml-source.ts';

export interface Scale {
  readonly shards?: number;
  /** For every shard. */
  readonly replicas?: number;
}

export function scaleSpec(original: Original, scale: Scale): EditResult {
  const open = openSpec(original);
  if ('ok' in open) return open;
  const { spec, plain, source } = open;
  const target = targetOf(spec, scale);
  const leaving = leavingNodes(spec, target);
  const staying = spec.nodes.filter((node) => !leaving.has(node));
  const growth = new Growth(open, staying, target.shards.length + target.newShards);
  for (const shard of target.shards) {
    const members = membersInOrder(staying, shard).length;
    const failure = growth.addReplicas(shard, members, target.replicasOf(shard));
    if (failure !== undefined) return failure;
  }
  for (let count = 0; count < target.newShards; count += 1) {
    const failure = growth.addShard(target.replicasOf(''));
    if (failure !== undefined) return failure;
  }
  const removal = [...removalOf(open, leaving), ...weightRemoval(open, target)];
  const text = withGrowth(spliced(original.text, removal), growth);
  if (text === undefined)
    return refused(
      original.file,
      'edit-not-possible',
      'the list of nodes is not written out: an alias stands for it or for one of its entries',
      'write it out, or make the change by hand',
    );
  const remaining = plain.nodes.filter((_, index) => !leaving.has(spec.nodes[index] as NodeSpec));
  const wanted = { ...plain, ...weightsLeft(open, target), nodes: grown(remaining, growth) };
  return judged(original, text, wanted, [
    ...leavingNotes(leaving, staying),
    ...growth.notes,
    ...orphanNotes(source, removal),
  ]);
}

interface Target {
  /** Those of today that stay. */
  readonly shards: readonly string[];
  readonly newShards: number;
  replicasOf(shard: string): number;
}

function targetOf({ nodes }: ClusterSpec, { shards, replicas }: Scale): Target {
  const names = shardsInOrder(nodes);
  const wanted = shards ?? names.length;
  const sizes = new Map(names.map((shard) => [shard, membersInOrder(nodes, shard).length]));
  const usual = mostCommonSize([...sizes.values()]);
  return {
    shards: names.slice(0, wanted),
    newShards: Math.max(0, wanted - names.length),
    replicasOf: (shard) => replicas ?? (sizes.get(shard) ?? usual) - 1,
  };
}

function mostCommonSize(sizes: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const size of sizes) counts.set(size, (counts.get(size) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || b[0] - a[0])[0]?.[0] ?? 1;
}

/** The last shards as a whole, and of the others the last replicas. */
function leavingNodes({ nodes }: ClusterSpec, { shards, replicasOf }: Target): Set<NodeSpec> {
  const leaving = new Set(nodes.filter(({ shard }) => !shards.includes(shard)));
  for (const shard of shards) {
    for (const node of membersInOrder(nodes, shard).slice(replicasOf(shard) + 1)) leaving.add(node);
  }
  return leaving;
}

function removalOf({ source, spec }: OpenSpec, leaving: ReadonlySet<NodeSpec>): Splice[] {
  const list = sourceAt(source.root, ['nodes']);
  const indexes = spec.nodes.flatMap((node, index) => (leaving.has(node) ? [index] : []));
  return list?.kind === 'list' ? removeItems(source, list, new Set(indexes)) : [];
}

/** Entries of `shards` (weights) that speak of a shard that leaves. */
function leavingWeights({ spec }: OpenSpec, target: Target): Set<number> {
  return new Set(spec.shards.flatMap(({ name }, index) => (target.shards.includes(name) ? [] : [index])));
}

function weightRemoval(open: OpenSpec, target: Target): Splice[] {
  const { source, spec } = open;
  const leaving = leavingWeights(open, target);
  const list = sourceAt(source.root, ['shards']);
  if (leaving.size === 0 || list?.kind !== 'list') return [];
  // An empty list would be left of the last entry, and says no more than none.
  return leaving.size === spec.shards.length
    ? changeEntries(source, source.root, { shards: undefined })
    : removeItems(source, list, leaving);
}

function weightsLeft(open: OpenSpec, target: Target): { readonly shards?: unknown } {
  const leaving = leavingWeights(open, target);
  if (leaving.size === 0) return {};
  const shards = open.plain['shards'] as readonly unknown[];
  return {
    shards: leaving.size === shards.length ? undefined : shards.filter((_, index) => !leaving.has(index)),
  };
}

/** Undefined when the list, or an item that new ones are to be like, is not written out. */
function withGrowth(text: string, { items }: Growth): string | undefined {
  if (items.length === 0) return text;
  const source = yamlSource(text);
  const list = source === undefined ? undefined : sourceAt(source.root, ['nodes']);
  if (source === undefined || list?.kind !== 'list') return undefined;
  if (items.some(({ like }) => list.parts[like]?.value.kind !== 'map')) return undefined;
  return spliced(text, insertItems(source, list, items));
}

/** The same as plain data. */
function grown(nodes: readonly Record<string, unknown>[], { items }: Growth): Record<string, unknown>[] {
  const byPlace = Map.groupBy(items, ({ after }) => after);
  return nodes.flatMap((node, index) => [
    node,
    ...(byPlace.get(index) ?? []).map(({ like, changes }) => {
      const entries = Object.entries({ ...nodes[like], ...changes });
      return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
    }),
  ]);
}

function leavingNotes(leaving: ReadonlySet<NodeSpec>, staying: readonly NodeSpec[]): string[] {
  const left = shardsInOrder(staying);
  return [...Map.groupBy(leaving, ({ shard }) => shard)].map(([shard, nodes]) => {
    const names = nodes.map(({ name }) => name).join(' and ');
    const [are, whose] = nodes.length === 1 ? ['is', 'its container'] : ['are', 'their containers'];
    const fate = `${are} forgotten by the others and ${whose} removed; the data stays in ${nodes.length === 1 ? 'its volume' : 'their volumes'}`;
    const rest = membersInOrder(staying, shard).length - 1;
    if (left.includes(shard))
      return `shard ${shard} keeps ${rest === 1 ? '1 replica' : `${rest === 0 ? 'no' : rest} replicas`}: ${names} ${fate}`;
    return `shard ${shard} leaves: its slots and their keys move to the other ${left.length} shards, which need the memory for them; then ${names} ${fate}`;
  });
}
