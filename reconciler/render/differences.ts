/**
 * What differs between the live cluster and the spec, in people's words and grouped by what it is about.
 *
 * A JSON Patch names every field. People want the cause: a node that does not exist has no role, no link and no
 * configuration either, so what follows from something else is not told again.
 */
import type { Operation } from 'fast-json-patch';
import type { ClusterState, NodeState } from '../model/cluster-state.ts';
import { directiveValue, isSecretDirective } from './directive-words.ts';
import { bytes, slotsInWords } from './quantities.ts';

export interface Difference {
  /** Node, host or member names with the same differences; empty for the cluster as a whole. */
  readonly names: readonly string[];
  readonly kind: 'cluster' | 'host' | 'node' | 'member' | 'volume';
  readonly lines: readonly string[];
}

/** New values by path below one subject: `config/maxmemory`, `role`. Undefined values are removals. */
type Changes = ReadonlyMap<string, unknown>;

const KINDS: Readonly<Record<string, Difference['kind']>> = {
  hosts: 'host',
  nodes: 'node',
  ghosts: 'member',
  retired: 'volume',
};
const ORDER: readonly Difference['kind'][] = ['cluster', 'host', 'node', 'member', 'volume'];

/**
 * @param operations the patch that would turn `live` into what is desired.
 */
export function differencesInWords(operations: readonly Operation[], live: ClusterState): Difference[] {
  const bySubject = new Map<
    string,
    { kind: Difference['kind']; name: string; changes: Map<string, unknown> }
  >();
  for (const operation of operations) {
    const [top = '', name = '', ...rest] = operation.path
      .split('/')
      .slice(1)
      .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
    const kind = KINDS[top] ?? 'cluster';
    const key = kind === 'cluster' ? '' : `${top}/${name}`;
    const subject = bySubject.get(key) ?? { kind, name: kind === 'cluster' ? '' : name, changes: new Map() };
    subject.changes.set(
      kind === 'cluster' ? top : rest.join('/'),
      'value' in operation ? operation.value : undefined,
    );
    bySubject.set(key, subject);
  }
  const grouped = new Map<string, { kind: Difference['kind']; lines: readonly string[]; names: string[] }>();
  for (const { kind, name, changes } of bySubject.values()) {
    const lines = linesOf(kind, name, changes, live);
    if (lines.length === 0) continue;
    const key = `${kind}\n${lines.join('\n')}`;
    const group = grouped.get(key) ?? { kind, lines, names: [] };
    if (kind !== 'cluster') group.names.push(name);
    grouped.set(key, group);
  }
  for (const { names } of grouped.values()) names.sort(NUMERIC.compare);
  return [...grouped.values()].sort(
    (a, b) =>
      ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || NUMERIC.compare(a.names[0] ?? '', b.names[0] ?? ''),
  );
}

/** `node-2` before `node-10`. */
const NUMERIC = new Intl.Collator('en', { numeric: true });

function linesOf(kind: Difference['kind'], name: string, changes: Changes, live: ClusterState): string[] {
  if (kind === 'cluster') return clusterLines(changes, live);
  if (kind === 'host') return hostLines(name, changes, live);
  if (kind === 'member') return memberLines(name, live);
  if (kind === 'volume') return ['was kept of a node that left the spec, and its time is over'];
  const node = live.nodes[name];
  if (node === undefined) return ['is not in the live cluster'];
  return changes.has('') ? leavingLines(node) : nodeLines(node, changes);
}

function clusterLines(changes: Changes, live: ClusterState): string[] {
  const lines: string[] = [];
  const unborn = Object.values(live.nodes).every(({ membership }) => membership === 'none');
  if (unborn && changes.has('serving')) return ['not created yet'];
  if (changes.has('serving'))
    lines.push(live.serving === 'no' ? 'does not serve' : 'nobody can say whether it serves');
  if (changes.has('agreement'))
    lines.push(
      live.agreement === 'no'
        ? 'its members do not tell the same slot map'
        : 'nobody can say whether its members agree',
    );
  if (changes.has('openSlots')) lines.push(`slots ${live.openSlots} are open (importing or migrating)`);
  return lines;
}

function hostLines(name: string, changes: Changes, live: ClusterState): string[] {
  const host = live.hosts[name];
  if (host?.engine === 'no') return ['its Docker Engine does not answer'];
  return [...changes.keys()].map((field) => {
    if (field === 'network')
      return host?.network === 'foreign'
        ? 'a network of that name belongs to somebody else'
        : 'the network of the cluster is missing';
    return `the image ${field.replace(/^images\//, '')} is missing`;
  });
}

function memberLines(id: string, live: ClusterState): string[] {
  const ghost = live.ghosts[id];
  if (ghost === undefined) return [];
  const state = { alive: 'a member', lost: 'a lost member', unclear: 'a silent member' }[ghost.state];
  const address = ghost.address === '' ? '' : ` at ${ghost.address}`;
  const formerly = ghost.formerly === '' ? '' : `, formerly ${ghost.formerly}`;
  return [`${state}${address} that is none of the nodes of the spec${formerly}`];
}

/** A node that exists and that the spec does not name any more. */
function leavingLines(node: NodeState): string[] {
  const lines = ['is no longer named by the spec'];
  if (node.slots !== '') lines.push(`still owns ${slotsInWords(node.slots)}`);
  if (node.imports !== '') lines.push(importLine(node));
  return lines;
}

function importLine(node: NodeState): string {
  return `imports ${slotsInWords(node.imports)} from ${node.importsFrom}`;
}

function nodeLines(node: NodeState, changes: Changes): string[] {
  if (node.surge && changes.get('container') === 'absent')
    return ['is a surge replica that is not needed any more'];
  const existence = existenceLines(node, changes);
  const place = placeLines(node, changes);
  if (node.container === 'absent' && node.membership === 'none') return existence;
  if (node.reachable !== 'yes') return [...existence, ...reachabilityLines(node), ...place];
  return [...existence, ...place, ...linkLines(node, changes), ...settingLines(node, changes)];
}

function existenceLines(node: NodeState, changes: Changes): string[] {
  const lines: string[] = [];
  if (node.container === 'absent' && node.volume === 'absent')
    return [node.membership === 'none' ? 'not created yet' : 'its container and its volume are gone'];
  const missing: Record<string, string> = {
    absent: 'is missing',
    stopped: 'does not run',
    foreign: 'belongs to somebody else',
    unknown: 'could not be looked at',
  };
  for (const part of ['volume', 'container'] as const) {
    if (changes.has(part)) lines.push(`its ${part} ${missing[node[part]] ?? `is ${node[part]}`}`);
  }
  for (const [path, value] of changes) {
    const [area, field] = path.split('/');
    if (area === 'launch' && field !== undefined) lines.push(launchLine(node, field, value));
  }
  return lines;
}

function launchLine(node: NodeState, field: string, value: unknown): string {
  const words: Record<string, string> = {
    image: 'image',
    restart: 'restart policy',
    memoryBytes: 'memory limit',
    cpus: 'CPU limit',
    nofile: 'limit of open files',
    network: 'network',
    ip: 'fixed address',
    publish: 'published port',
  };
  const shown = (raw: unknown): string => {
    if (field === 'memoryBytes' && typeof raw === 'number' && raw > 0) return bytes(raw);
    return raw === '' || raw === 0 || raw === undefined ? 'none' : String(raw);
  };
  const is = node.launch?.[field as keyof NonNullable<NodeState['launch']>];
  return isAndShould(words[field] ?? field, shown(is), shown(value));
}

function isAndShould(what: string, is: string, should: string): string {
  return `${what} is ${is}, should be ${should}`;
}

function reachabilityLines(node: NodeState): string[] {
  if (node.reachable === 'loading') return ['is reading its data set'];
  if (node.container !== 'running') return [];
  return [node.reachable === 'no' ? 'redis-server does not answer' : 'redis-server could not be asked'];
}

/** Where it stands in the cluster: membership, role and slots. */
function placeLines(node: NodeState, changes: Changes): string[] {
  const lines: string[] = [];
  if (changes.has('membership')) {
    const words: Partial<Record<NodeState['membership'], string>> = {
      alone: 'knows no other member',
      parted: 'some of its links with other members are broken',
      elsewhere: 'is a member of another cluster',
      none: 'is no member of the cluster',
    };
    const line = words[node.membership];
    if (line !== undefined) lines.push(line);
  }
  const primary = changes.get('replicaOf');
  const follows = typeof primary === 'string' ? `replica of ${primary}` : 'primary';
  if (changes.has('role') && node.role !== 'none' && node.role !== 'unknown')
    lines.push(isAndShould('role', node.role, follows));
  else if (changes.has('replicaOf') && node.role === 'replica')
    lines.push(`follows ${node.replicaOf ?? 'nobody'}, should follow ${String(primary)}`);
  const slots = changes.get('slots');
  if (typeof slots === 'string' && node.reachable === 'yes')
    lines.push(`owns ${slotsInWords(node.slots)}, should own ${slotsInWords(slots)}`);
  if (changes.has('imports')) lines.push(importLine(node));
  if (changes.has('strandedKeys'))
    lines.push(`holds keys of slots that nobody owns: ${slotsInWords(node.strandedKeys)}`);
  if (changes.has('epoch') && node.epoch === 'unset') lines.push('has no configuration epoch yet');
  return lines;
}

function linkLines(node: NodeState, changes: Changes): string[] {
  if (node.role !== 'replica') return [];
  if (changes.has('link')) {
    const words: Partial<Record<NodeState['link'], string>> = {
      syncing: 'is being synchronised',
      down: 'its replication link is down',
      'stale-address': "its replication link dials an address that is no longer its primary's",
      unknown: 'its replication link could not be looked at',
    };
    const line = words[node.link];
    return line === undefined ? [] : [line];
  }
  if (changes.has('copy')) return ['its copy of the data is not complete'];
  return changes.has('synced') ? ['lags behind its primary'] : [];
}

function settingLines(node: NodeState, changes: Changes): string[] {
  const lines: string[] = [];
  for (const [path, value] of changes) {
    const cut = path.indexOf('/');
    const area = path.slice(0, cut);
    const name = path.slice(cut + 1);
    const should = typeof value === 'string' ? value : undefined;
    if (area === 'config') {
      if (isSecretDirective(name)) lines.push(`${name} is another than it should be`);
      else
        lines.push(isAndShould(name, directiveValue(name, node.config[name]), directiveValue(name, should)));
    } else if (area === 'users') lines.push(userLine(name, node.users[name], should));
  }
  return lines;
}

/** Both texts in the form of `userText`: on or off, digests, rules. The digests are compared, never shown. */
function userLine(name: string, is: string | undefined, should: string | undefined): string {
  if (is === undefined) return `user ${name} is missing`;
  if (should === undefined) return `user ${name} is not in the spec`;
  const [live, wanted] = [userParts(is), userParts(should)];
  const parts: string[] = [];
  if (live.state !== wanted.state) parts.push(`is ${live.state}, should be ${wanted.state}`);
  if (live.passwords !== wanted.passwords) parts.push('has another password');
  if (live.rules !== wanted.rules) parts.push(`may "${live.rules}", should "${wanted.rules}"`);
  return `user ${name} ${parts.join('; ')}`;
}

function userParts(text: string): { state: string; passwords: string; rules: string } {
  const [state = '', ...words] = text.split(' ');
  const isPassword = (word: string): boolean => word === 'nopass' || word.startsWith('#');
  return {
    state,
    passwords: words.filter(isPassword).join(' '),
    rules: words.filter((word) => !isPassword(word)).join(' '),
  };
}
