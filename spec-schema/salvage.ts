/**
 * What of a malformed spec still parses, so that the rules between fields can be applied to it in the same round.
 *
 * What is wrong is taken out (a field, or the node, host or user that needs it) until the rest has the right form,
 * and what was touched is remembered: rules say nothing about it, and do not count what may be missing.
 */
import {
  type ClusterSpec,
  clusterSpecSchema,
  type HostSpec,
  type NodeSpec,
  type UserSpec,
} from './cluster-spec.ts';
import type { SpecPath } from './locate.ts';
import { valueAt } from './structure.ts';

/** Lists whose entries have a place of their own in the file. */
export type Section = 'hosts' | 'nodes' | 'users';
export type Entry = HostSpec | NodeSpec | UserSpec;

const SECTIONS: readonly Section[] = ['hosts', 'nodes', 'users'];

/** A spec in the right form, and how it relates to the file. */
export interface Salvage {
  readonly spec: ClusterSpec;
  /** Where the entry stands in the file; undefined for one that only fills a gap. */
  readonly indexOf: (entry: Entry) => number | undefined;
  /** False when something was taken out of the entry. */
  readonly isSound: (entry: Entry) => boolean;
  /**
   * False when something was taken out of that top-level section. Of lists: an entry, or a field by which entries
   * are counted; a fault in any other field leaves the list whole.
   */
  readonly isWhole: (section: keyof ClusterSpec) => boolean;
}

/** Stands for whatever a spec cannot be without. Its parts are never sound, so no rule speaks of them. */
const FILLING: Readonly<Record<string, unknown>> = {
  apiVersion: 'redisforge.dev/v1',
  kind: 'RedisCluster',
  metadata: { name: 'unnamed' },
  redis: { image: 'redis' },
  auth: { operator: { password: { env: 'NONE' } }, replication: { password: { env: 'NONE' } } },
  hosts: [{ name: 'none', zone: 'none', docker: 'unix:///none' }],
  nodes: [{ name: 'none', shard: 'none', host: 'none' }],
};

/** Fields that say what an entry is one of. */
const COUNTED: ReadonlySet<string> = new Set(['name', 'shard', 'host', 'role', 'zone']);

/** Each round takes at least one thing out; deeper damage than this is given up on. */
const MAX_ROUNDS = 12;

interface Damage {
  readonly whole: Set<string>;
  readonly filled: Set<string | number>;
  readonly entries: Record<Section, Set<number>>;
}

/** The best that can be made of a plain value; undefined when rules would have nothing to go by. */
export function salvage(value: unknown): Salvage | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const draft = structuredClone(value) as Record<string, unknown>;
  const damage: Damage = {
    whole: new Set(),
    filled: new Set(),
    entries: { hosts: new Set(), nodes: new Set(), users: new Set() },
  };
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const result = clusterSpecSchema.safeParse(withoutGaps(draft));
    if (result.success) return describe(result.data, draft, damage);
    const origin = origins(draft);
    // All are found before any is taken out, so that two faults of one part do not take its neighbours along.
    const doomed = result.error.issues.flatMap((issue) => {
      const path = inDraft(issue.path as SpecPath, origin);
      return issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => [...path, key])
        : [smallestPart(draft, path)];
    });
    for (const path of doomed) takeOut(draft, path, damage);
  }
  return undefined;
}

/** The value at the path; where it is missing, what cannot be without it. */
function smallestPart(draft: Record<string, unknown>, path: SpecPath): SpecPath {
  let part = path;
  while (part.length > 1 && valueAt(draft, part) === undefined) part = part.slice(0, -1);
  return part;
}

function takeOut(draft: Record<string, unknown>, path: SpecPath, damage: Damage): void {
  const [section, index, field] = path;
  if (section === undefined || damage.filled.has(section)) return;
  const list = SECTIONS.find((name) => name === section);
  const inEntry = list !== undefined && typeof index === 'number';
  if (inEntry) damage.entries[list].add(index);
  // An entry that lost a field is still there to be counted, unless it is the field by which it is counted.
  if (!inEntry || path.length === 2 || COUNTED.has(String(field))) damage.whole.add(String(section));
  const parent = valueAt(draft, path.slice(0, -1));
  const last = path.at(-1) as string | number;
  if (Array.isArray(parent)) parent[Number(last)] = undefined;
  else if (typeof parent === 'object' && parent !== null) delete (parent as Record<string, unknown>)[last];
  if (path.length === 1 && Object.hasOwn(FILLING, section)) {
    draft[section] = FILLING[section];
    damage.filled.add(section);
  }
}

/** Entries that were taken out leave a gap, so that the others keep their index; the schema sees none. */
function withoutGaps(draft: Record<string, unknown>): Record<string, unknown> {
  const copy = { ...draft };
  for (const section of SECTIONS) {
    const list = copy[section];
    if (!Array.isArray(list)) continue;
    const rest = list.filter((entry) => entry !== undefined);
    copy[section] = rest.length === 0 && section !== 'users' ? FILLING[section] : rest;
  }
  return copy;
}

/** For each list: the index in the draft of each entry that the schema sees. */
function origins(draft: Record<string, unknown>): Record<Section, readonly number[]> {
  const of = (section: Section): number[] => {
    const list = draft[section];
    if (!Array.isArray(list)) return [];
    return list.flatMap((entry, index) => (entry === undefined ? [] : [index]));
  };
  return { hosts: of('hosts'), nodes: of('nodes'), users: of('users') };
}

function inDraft(path: SpecPath, origin: Record<Section, readonly number[]>): SpecPath {
  const [section, index, ...rest] = path;
  const list = SECTIONS.find((name) => name === section);
  if (list === undefined || typeof index !== 'number') return path;
  return [list, origin[list][index] ?? index, ...rest];
}

function describe(spec: ClusterSpec, draft: Record<string, unknown>, damage: Damage): Salvage {
  const origin = origins(draft);
  const indexes = new Map<Entry, number>();
  const sound = new Set<Entry>();
  for (const section of SECTIONS) {
    for (const [position, entry] of spec[section].entries()) {
      const index = origin[section][position];
      if (index === undefined || damage.filled.has(section)) continue;
      indexes.set(entry, index);
      if (!damage.entries[section].has(index)) sound.add(entry);
    }
  }
  return {
    spec,
    indexOf: (entry) => indexes.get(entry),
    isSound: (entry) => sound.has(entry),
    isWhole: (section) => !damage.whole.has(section),
  };
}
