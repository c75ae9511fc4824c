/** Volumes and containers: made when they are missing, started when they have stopped, never when that costs data. */
import type { NodeName } from '../../model/cluster-state.ts';
import type { Facts } from '../../model/facts.ts';
import { nodeOf, ownsSlots } from '../../model/topology.ts';
import type { UpdateLimits } from '../../steps/update-limits.ts';
import { launchChanges } from '../stop-changes.ts';
import { heirsInDoubt, successorOf } from '../succession.ts';
import { startConfig } from './formation.ts';
import { type Block, block, ofEachSpecNode, type Proposal, type Rule, type RuleContext } from './rule.ts';

/** What the engine says about a container that does not run, for evidence. */
function lastWords({ facts }: RuleContext, name: NodeName): string {
  const container = facts.nodes[name]?.container;
  if (container === undefined) return 'not seen before it went';
  const oom = container.oomKilled ? ', killed for lack of memory' : '';
  const error = container.error === '' ? '' : `: ${container.error}`;
  return `${container.status}, exit code ${container.exitCode}${oom}${error}`;
}

/**
 * A node without an append-only file comes back empty, or as old as its last snapshot: as long as it owns slots its replicas would throw their data away and
 * copy its emptiness (500 keys became 0, measured fact M11).
 */
function emptyReturn(context: RuleContext, name: NodeName): Block | undefined {
  const node = nodeOf(context.live, name);
  if (context.intent.nodes[name]?.persistent !== false || !ownsSlots(node)) return undefined;
  const heirs = heirsInDoubt(context, name);
  if (heirs.length === 0) return undefined;
  return block(
    'would-return-empty',
    `node ${name}`,
    `${name} has no append-only file and still owns slots ${node.slots}: started now it would come back without what ${heirs.join(', ')} may still have, and they would copy that`,
    lastWords(context, name),
    `let ${heirs.join(' or ')} take over first: make a majority of primaries reachable, then RedisForge asks for the failover itself`,
  );
}

/** Facts are never changed in place, so that who dials which address needs to be worked out only once. */
const diallers = new WeakMap<Facts, Map<string, NodeName[]>>();

/** The nodes whose replication link goes to this node's address, in alphabetical order. */
function diallersOf(facts: Facts, name: NodeName): readonly NodeName[] {
  let known = diallers.get(facts);
  if (known === undefined) {
    known = new Map();
    for (const other of Object.keys(facts.nodes).sort()) {
      const link = facts.nodes[other]?.reading?.primaryLink;
      if (link === undefined || link === null) continue;
      const address = `${link.ip}:${link.port}`;
      known.set(address, [...(known.get(address) ?? []), other]);
    }
    diallers.set(facts, known);
  }
  const address = facts.nodes[name]?.address;
  return address === undefined ? [] : (known.get(`${address.ip}:${address.port}`) ?? []);
}

/**
 * A node whose volume is gone comes back as somebody else, empty, at the same address. Replicas dial addresses, not
 * ids: they would throw their data away and copy its emptiness. So nothing is started there as long as the cluster
 * counts on the former identity.
 */
function countedOn(context: RuleContext, name: NodeName): Block | undefined {
  const { live, facts } = context;
  const node = nodeOf(live, name);
  const former = Object.values(live.ghosts).find((ghost) => ghost.formerly === name);
  const slots = node.slots !== '' ? node.slots : (former?.slots ?? '');
  // One that is gone by now, on paper too, dials nobody.
  const dialling = diallersOf(facts, name).filter((other) => live.nodes[other]?.container === 'running');
  const followers = [...new Set([...(former?.replicas.split(' ') ?? []), ...dialling])].filter(
    (other) => other !== '',
  );
  if (slots === '' && followers.length === 0) return undefined;
  const owns = slots === '' ? '' : ` the cluster still gives it slots ${slots}`;
  const follow =
    followers.length === 0 ? '' : ` ${followers.join(', ')} would copy an empty server at its address`;
  return block(
    'volume-lost',
    `node ${name}`,
    `the volume of ${name} is gone, but${[owns, follow].filter((part) => part !== '').join(', and')}`,
    lastWords(context, name),
    followers.length === 0
      ? 'restore the volume, or give the slots up (their keys are lost)'
      : `restore the volume, or let ${followers.join(' or ')} take over`,
  );
}

/** Steps towards a running container; at most one, because each makes the next one possible. */
function* towardsRunning(context: RuleContext, name: NodeName): Generator<Proposal | Block> {
  const { live, desired, intent } = context;
  const node = nodeOf(live, name);
  const want = nodeOf(desired, name);
  const host = live.hosts[node.host];
  if (host?.engine !== 'yes' || want.launch === null) return;
  if (node.volume === 'absent' && node.container === 'absent') {
    yield countedOn(context, name) ?? {
      step: { kind: 'prepare-volume', node: name },
      because: 'it has no volume',
    };
    return;
  }
  if (node.volume !== 'ready') return;
  const refused = node.membership === 'none' ? countedOn(context, name) : emptyReturn(context, name);
  if (node.container === 'absent') {
    const image = host.images[want.launch.image];
    const network = intent.spec.network.mode === 'bridge' ? host.network === 'ready' : true;
    if (image !== 'present' || !network) return;
    yield refused ?? {
      step: {
        kind: 'deploy-node',
        node: name,
        host: node.host,
        launch: want.launch,
        config: startConfig(context, name),
        users: want.users,
      },
      because: node.membership === 'none' ? 'it has no container' : 'its container is gone',
    };
    return;
  }
  if (node.container !== 'stopped') return;
  const outdated = launchChanges(node.launch, want.launch);
  if (outdated !== '') {
    yield {
      step: { kind: 'remove-container', node: name, host: node.host, because: outdated },
      because: outdated,
    };
    return;
  }
  yield refused ?? {
    step: {
      kind: 'start-node',
      node: name,
      host: node.host,
      config: startConfig(context, name),
      users: want.users,
    },
    because: `its container does not run (${lastWords(context, name)})`,
  };
}

/** A node without a running container on a volume of its own. */
const isUnmade = ofEachSpecNode<true>(
  ({ volume, container }) => volume !== 'ready' || container !== 'running' || undefined,
);

/** What can be changed while the container runs, and differs. */
const otherLimits = ofEachSpecNode<UpdateLimits['limits']>((is, want) => {
  if (is.container !== 'running' || is.launch === null || want.launch === null) return undefined;
  const { memoryBytes, cpus, restart } = want.launch;
  const differs =
    is.launch.memoryBytes !== memoryBytes || is.launch.cpus !== cpus || is.launch.restart !== restart;
  return differs && launchChanges(is.launch, want.launch) === '' ? { memoryBytes, cpus, restart } : undefined;
});

export const containerRules: Rule = function* (context) {
  const { live } = context;
  for (const [name] of isUnmade(context)) {
    const node = nodeOf(live, name);
    if (node.volume === 'used' && !node.surge) {
      yield block(
        'volume-used',
        `node ${name}`,
        `the volume of ${name} is left from a member that the cluster has gone on without: what is in it is old, and is not taken up silently`,
        '',
        `give the node another name, or remove the volume (docker volume rm redisforge-${live.cluster}-${name})`,
      );
    }
    if (successorOf(context, name) === undefined) yield* towardsRunning(context, name);
  }
  for (const [name, limits] of otherLimits(context))
    yield {
      step: { kind: 'update-limits', node: name, host: nodeOf(live, name).host, limits },
      because: 'its limits differ from the spec',
    };
};
