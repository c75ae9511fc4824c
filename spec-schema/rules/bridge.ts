/** A bridge network: one engine, one subnet, and addresses inside it that nobody else has. */
import type { ClusterSpec, NodeSpec } from '../cluster-spec.ts';
import type { Finding } from '../finding.ts';
import { ipKey, parseIp, parseSubnet, type Subnet } from './ip.ts';
import type { Rule, RuleContext } from './rule.ts';

type Bridge = Extract<ClusterSpec['network'], { mode: 'bridge' }>;

export const bridgeRules: Rule = function* (context) {
  const { network } = context.spec;
  if (network.mode !== 'bridge' || !context.isWhole('network')) return;
  yield* severalEngines(context);
  const subnet = network.subnet === undefined ? undefined : parseSubnet(network.subnet);
  if (network.subnet !== undefined && subnet === undefined) {
    yield {
      severity: 'error',
      code: 'invalid-subnet',
      path: ['network', 'subnet'],
      summary: `\`${network.subnet}\` is no subnet`,
      hint: 'write its first address and its length, for example 10.213.47.0/24',
    };
  }
  yield* fixedAddresses(context, network, subnet);
  yield* published(context, network);
};

function* severalEngines(context: RuleContext): Iterable<Finding> {
  const used = new Set(context.spec.nodes.map((node) => node.host));
  const [first, ...others] = context.hosts.filter((host) => used.has(host.name));
  const other = others.find((host) => host.docker !== first?.docker);
  if (first === undefined || other === undefined) return;
  yield {
    severity: 'error',
    code: 'bridge-spans-engines',
    path: context.at(other, 'docker'),
    summary: `a bridge network ends at its engine: nodes on \`${other.name}\` could not reach those on \`${first.name}\``,
    hint: 'use `network: { mode: host }` and give each host its address',
  };
}

function* fixedAddresses(
  context: RuleContext,
  network: Bridge,
  subnet: Subnet | undefined,
): Iterable<Finding> {
  const fixed = context.nodes.filter((node) => node.address !== undefined);
  const [first] = fixed;
  if (first === undefined) return;
  if (network.subnet === undefined) {
    yield {
      severity: 'error',
      code: 'missing-subnet',
      path: context.at(first, 'address'),
      summary: `\`${first.name}\` has a fixed address, which an engine allows in a subnet of one's own only`,
      hint: 'add `network.subnet`, for example 10.213.47.0/24, or remove the addresses of the nodes',
    };
  }
  const owners = new Map<string, NodeSpec>();
  for (const node of fixed) {
    const key = ipKey(node.address as string);
    const owner = owners.get(key);
    if (owner === undefined) owners.set(key, node);
    else {
      yield {
        severity: 'error',
        code: 'duplicate-address',
        path: context.at(node, 'address'),
        summary: `\`${owner.name}\` and \`${node.name}\` would have the same address ${node.address} in the network`,
        hint: 'give one of them another address',
      };
    }
    if (subnet !== undefined) yield* inside(context, node, network, subnet);
  }
  const free = context.nodes.find((node) => node.address === undefined);
  if (free !== undefined) {
    yield {
      severity: 'warning',
      code: 'mixed-addresses',
      path: context.at(free, 'name'),
      summary: `\`${free.name}\` has no fixed address while others have: the engine could give it one of theirs`,
      hint: 'give every node an address, or none',
    };
  }
}

function* inside(context: RuleContext, node: NodeSpec, network: Bridge, subnet: Subnet): Iterable<Finding> {
  const ip = parseIp(node.address as string);
  if (ip === undefined) return;
  const problem = { severity: 'error', path: context.at(node, 'address') } as const;
  if (ip.family !== subnet.family || ip.value < subnet.first || ip.value > subnet.last) {
    yield {
      ...problem,
      code: 'address-outside-subnet',
      summary: `${node.address} is not in the subnet ${network.subnet}`,
      hint: 'choose an address inside it, or another `network.subnet`',
    };
  } else if (ip.value <= subnet.first + 1n || (ip.family === 4 && ip.value === subnet.last)) {
    yield {
      ...problem,
      code: 'reserved-address',
      summary: `${node.address} belongs to the network itself: the first address of ${network.subnet} names it, the second is its gateway, the last means everybody`,
      hint: 'choose another address inside the subnet',
    };
  }
}

function* published(context: RuleContext, network: Bridge): Iterable<Finding> {
  if (network.publish === undefined) return;
  if (parseIp(network.publish) === undefined) {
    yield {
      severity: 'error',
      code: 'not-an-ip-address',
      path: ['network', 'publish'],
      summary: `\`${network.publish}\` is no IP address to publish ports on`,
      hint: 'write 127.0.0.1 for this machine alone, or 0.0.0.0 for everybody who can reach it',
    };
  }
  const owners = new Map<number, NodeSpec>();
  for (const node of context.nodes) {
    const owner = owners.get(node.port);
    if (owner === undefined) {
      owners.set(node.port, node);
      continue;
    }
    yield {
      severity: 'error',
      code: 'duplicate-published-port',
      path: context.at(node, 'port'),
      evidence: `${network.publish}:${node.port}`,
      summary: `\`${owner.name}\` and \`${node.name}\` would both be published as ${network.publish}:${node.port}`,
      hint: 'give each node a port of its own, or remove `network.publish`',
    };
  }
}
