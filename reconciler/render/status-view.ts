/** What is shown of a live cluster, whatever the format. */
import type { Problem } from '../../spec-schema/problem.ts';
import type { ClusterState, NodeName, NodeState } from '../model/cluster-state.ts';
import type { Facts } from '../model/facts.ts';
import { slotCount } from '../model/slots.ts';
import { coveredSlots, isGoneSurge, nodeOf, shardMembers } from '../model/topology.ts';
import type { Plan } from '../planner/plan.ts';
import { type Difference, differencesInWords } from './differences.ts';
import { counted } from './quantities.ts';
import type { Tone } from './style.ts';

export interface StatusView {
  readonly cluster: string;
  /** `converged`: as the spec says. `different`: RedisForge can put it right. `blocked`: somebody is needed. */
  readonly status: 'converged' | 'different' | 'blocked';
  readonly tone: Tone;
  readonly verdict: string;
  readonly serving: ClusterState['serving'];
  readonly agreement: ClusterState['agreement'];
  readonly coveredSlots: number;
  readonly shards: readonly { readonly name: string; readonly nodes: readonly NodeView[] }[];
  readonly hosts: readonly HostView[];
  readonly ghosts: readonly {
    readonly id: string;
    readonly address: string;
    readonly state: string;
    readonly slots: string;
    readonly formerly: string;
  }[];
  /** Containers of the cluster that the spec does not name. */
  readonly strays: readonly string[];
  readonly differences: readonly Difference[];
  readonly blocks: readonly Problem[];
  readonly warnings: readonly Problem[];
}

export interface NodeView {
  readonly name: NodeName;
  readonly zone: string;
  readonly host: string;
  readonly role: NodeState['role'];
  /** What can be said of its process: `up`, `loading`, `silent`, `stopped`, `absent`, `unknown`. */
  readonly state: 'up' | 'loading' | 'silent' | 'stopped' | 'absent' | 'foreign' | 'unknown';
  readonly replicaOf: string | null;
  readonly slots: string;
  readonly link: NodeState['link'];
  readonly synced: boolean;
  readonly lagBytes: number | undefined;
  readonly usedMemoryBytes: number | undefined;
  readonly maxmemoryBytes: number | undefined;
  readonly keys: number | undefined;
  readonly version: string | undefined;
  readonly address: string | undefined;
  readonly nodeId: string | undefined;
  /** Milliseconds since its server started. */
  readonly uptimeMs: number | undefined;
  readonly remarks: readonly string[];
}

export interface HostView {
  readonly name: string;
  readonly zone: string;
  readonly engine: 'up' | 'down';
  readonly engineVersion: string | undefined;
  readonly failure: string | undefined;
  readonly nodes: number;
}

export function statusView(live: ClusterState, facts: Facts, plan: Plan): StatusView {
  const status = plan.status === 'changes' ? 'different' : plan.status;
  return {
    cluster: live.cluster,
    status,
    tone: { converged: 'good', different: 'changing', blocked: 'bad' }[status] as Tone,
    verdict: verdictOf(status, plan, live),
    serving: live.serving,
    agreement: live.agreement,
    coveredSlots: slotCount(coveredSlots(live)),
    shards: shardsOf(live, facts),
    hosts: hostsOf(live, facts),
    ghosts: Object.entries(live.ghosts).map(([id, ghost]) => ({
      id,
      address: ghost.address,
      state: ghost.state,
      slots: ghost.slots,
      formerly: ghost.formerly,
    })),
    strays: facts.strays,
    differences: differencesInWords(plan.differences, live),
    blocks: plan.blocks,
    warnings: plan.warnings,
  };
}

function verdictOf(status: StatusView['status'], plan: Plan, live: ClusterState): string {
  if (status === 'converged') return 'converged, it is as the spec says';
  const unborn = Object.values(live.nodes).every(({ container }) => container === 'absent');
  if (status === 'different')
    return unborn && plan.blocks.length === 0
      ? 'does not exist yet; `redisforge apply` would create it'
      : `${counted(differencesInWords(plan.differences, live).length, 'difference')} from the spec; RedisForge can put that right`;
  return `blocked: ${counted(plan.blocks.length, 'thing')} ${plan.blocks.length === 1 ? 'needs' : 'need'} a person`;
}

/** `s2` before `s10`. */
const NUMERIC = new Intl.Collator('en', { numeric: true });

/** Shards by name, each with its primary first. */
function shardsOf(live: ClusterState, facts: Facts): StatusView['shards'] {
  return [...shardMembers(live)]
    .sort(([a], [b]) => NUMERIC.compare(a, b))
    .map(([name, members]) => ({
      name,
      nodes: members
        .filter((member) => !isGoneSurge(nodeOf(live, member)))
        .sort((a, b) => Number(isPrimary(nodeOf(live, b))) - Number(isPrimary(nodeOf(live, a))))
        .map((member) => nodeView(member, live, facts)),
    }));
}

function isPrimary(node: NodeState): boolean {
  return node.slots !== '' || node.role === 'primary';
}

function nodeView(name: NodeName, live: ClusterState, facts: Facts): NodeView {
  const node = nodeOf(live, name);
  const { reading, address, nodeId, lagBytes, remarks = [] } = facts.nodes[name] ?? {};
  return {
    name,
    zone: node.zone,
    host: node.host,
    role: node.role,
    state: stateOf(node),
    replicaOf: node.replicaOf,
    slots: node.slots,
    link: node.link,
    synced: node.synced,
    lagBytes: node.role === 'replica' ? lagBytes : undefined,
    usedMemoryBytes: reading?.usedMemoryBytes,
    maxmemoryBytes: reading?.maxmemoryBytes,
    keys: reading?.keys,
    version: reading?.version,
    address: address === undefined ? undefined : `${address.ip}:${address.port}`,
    nodeId,
    uptimeMs: reading?.uptimeMs,
    remarks,
  };
}

function stateOf(node: NodeState): NodeView['state'] {
  if (node.reachable === 'yes') return 'up';
  if (node.reachable === 'loading') return 'loading';
  return node.container === 'running' ? 'silent' : node.container;
}

function hostsOf(live: ClusterState, facts: Facts): HostView[] {
  return Object.entries(live.hosts).map(([name, host]) => {
    const nodes = Object.values(live.nodes).filter((node) => node.host === name);
    return {
      name,
      zone: nodes[0]?.zone ?? '',
      engine: host.engine === 'yes' ? 'up' : 'down',
      engineVersion: facts.hosts[name]?.engineVersion,
      failure: facts.hosts[name]?.failure?.message,
      nodes: nodes.length,
    };
  });
}
