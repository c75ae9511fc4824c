/** Addresses and ports: every node must be reachable under one that is its own. */
import type { NodeSpec } from '../cluster-spec.ts';
import { BUS_PORT_OFFSET, busPort, hostOf, nodeAddress } from '../effective.ts';
import type { Finding } from '../finding.ts';
import type { SpecPath } from '../locate.ts';
import { ipKey, isLoopback, isUnicast, parseIp } from './ip.ts';
import type { Rule, RuleContext } from './rule.ts';

export const addressRules: Rule = function* (context) {
  for (const host of context.hosts) {
    if (host.address !== undefined) yield* announced(context, host.address, context.at(host, 'address'));
  }
  for (const node of context.nodes) {
    if (node.address !== undefined) yield* announced(context, node.address, context.at(node, 'address'));
    yield* ownPorts(context, node);
  }
  if (context.spec.network.mode === 'host') yield* missingAddresses(context);
  yield* takenTwice(context);
};

/** What a node tells the others must be an address: 8.6.3 refuses host names (`cluster-announce-ip`). */
function* announced(context: RuleContext, address: string, path: SpecPath): Iterable<Finding> {
  const ip = parseIp(address);
  if (ip === undefined) {
    yield {
      severity: 'error',
      code: 'not-an-ip-address',
      path,
      summary: `\`${address}\` is no IP address, and Redis announces nothing else (a host name is refused at start)`,
      hint: 'write the IP address that the name stands for',
    };
    return;
  }
  const loopback = isLoopback(ip) && new Set(context.spec.nodes.map((node) => node.host)).size > 1;
  if (isUnicast(ip) && !loopback) return;
  yield {
    severity: 'error',
    code: 'unreachable-address',
    path,
    summary: `other machines cannot reach a node under ${address}`,
    hint: 'write the address of the machine in the network that the hosts share',
  };
}

function* ownPorts(context: RuleContext, node: NodeSpec): Iterable<Finding> {
  if (node.busPort === undefined && busPort(node) > 65535) {
    yield {
      severity: 'error',
      code: 'bus-port-too-high',
      path: context.at(node, 'port'),
      summary: `the bus port of \`${node.name}\` would be ${busPort(node)}, and 65535 is the highest`,
      hint: `use a port up to ${65535 - BUS_PORT_OFFSET}, or name a \`busPort\``,
    };
  }
  if (node.busPort === node.port) {
    yield {
      severity: 'error',
      code: 'duplicate-address',
      path: context.at(node, 'busPort'),
      summary: `\`${node.name}\` would use port ${node.port} for clients and for the bus`,
      hint: 'remove `busPort`, or name another port',
    };
  }
}

function* missingAddresses(context: RuleContext): Iterable<Finding> {
  const needing = Map.groupBy(
    context.nodes.filter((node) => node.address === undefined),
    (node) => node.host,
  );
  for (const host of context.hosts) {
    const first = needing.get(host.name)?.[0];
    if (host.address !== undefined || first === undefined) continue;
    yield {
      severity: 'error',
      code: 'missing-address',
      path: context.at(host, 'address'),
      evidence: `host ${host.name}`,
      summary: `host \`${host.name}\` has no address, so its node \`${first.name}\` could not tell the others where it is`,
      hint: 'add `address: …`, the IP address of the machine in the network that the hosts share',
    };
  }
}

interface Claim {
  readonly node: NodeSpec;
  readonly field: 'port' | 'busPort';
  readonly port: number;
}

/** On one address, and in host mode on one machine, each port has one owner; client and bus ports alike. */
function* takenTwice(context: RuleContext): Iterable<Finding> {
  const owners = new Map<string, Claim>();
  for (const node of context.nodes) {
    const address = nodeAddress(context.spec, node);
    const host = context.spec.network.mode === 'host' ? hostOf(context.spec, node) : undefined;
    // Hosts with the same engine are one machine, whatever the spec calls them.
    const scopes = [
      ...(address === undefined ? [] : [`address ${ipKey(address)}`]),
      ...(host === undefined ? [] : [`engine ${host.docker}`]),
    ];
    for (const claim of claims(node)) {
      const earlier = scopes
        .map((scope) => owners.get(`${scope} ${claim.port}`))
        .find((owner) => owner !== undefined);
      for (const scope of scopes) owners.set(`${scope} ${claim.port}`, earlier ?? claim);
      if (earlier === undefined || earlier.node === node) continue;
      yield {
        severity: 'error',
        code: 'duplicate-address',
        path: context.at(
          node,
          claim.field === 'busPort' && node.busPort === undefined ? 'port' : claim.field,
        ),
        evidence: `${address ?? host?.name}:${claim.port}`,
        summary: `${address ?? `host ${host?.name}`} port ${claim.port} would be used by \`${earlier.node.name}\` (${words(earlier)}) and \`${node.name}\` (${words(claim)})`,
        hint: 'give one of them another port, or another address',
      };
    }
  }
}

function claims(node: NodeSpec): Claim[] {
  return [
    { node, field: 'port', port: node.port },
    { node, field: 'busPort', port: busPort(node) },
  ];
}

function words(claim: Claim): string {
  return claim.field === 'port' ? 'for clients' : 'for the bus';
}
