/** What an accepted spec means for one node: names, addresses, limits and directives after defaults and overrides. */
import type { ClusterSpec, HostSpec, NodeSpec } from './cluster-spec.ts';
import { canonicalValue, findDirective, parseMemory } from './directives.ts';

/** Distance between the port for clients and the bus port, when the spec does not name the latter (Redis' own rule). */
export const BUS_PORT_OFFSET = 10_000;

/** Limits of a container; 0 means none. */
export interface EffectiveResources {
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly nofile: number;
}

/**
 * The version in an image reference (`redis:8.6.3`, `registry:5000/redis:8.6.3-alpine@sha256:…`). Undefined when its
 * tag has none, or only a part of one: `redis:8.6` is another version next month.
 */
export function versionOfImage(image: string): string | undefined {
  const reference = image.split('@')[0] as string;
  const last = reference.slice(reference.lastIndexOf('/') + 1);
  return /^[^:]+:v?(\d+\.\d+\.\d+)(?![\d.])/.exec(last)?.[1];
}

/**
 * Version of Redis that the cluster runs.
 * @throws RangeError when neither `redis.version` nor the image's tag tells; `readSpec` refuses such a spec.
 */
export function redisVersion(spec: ClusterSpec): string {
  const version = spec.redis.version ?? versionOfImage(spec.redis.image);
  if (version === undefined) throw new RangeError(`no version in ${spec.redis.image}`);
  return version;
}

/** A fleet of 1,000 nodes asks for its hosts thousands of times. */
const hostsByName = new WeakMap<
  ClusterSpec['hosts'],
  { readonly length: number; readonly hosts: Map<string, HostSpec> }
>();

/** The host that a node names, undefined in a spec that was not accepted. */
export function hostOf(spec: ClusterSpec, node: NodeSpec): HostSpec | undefined {
  let index = hostsByName.get(spec.hosts);
  if (index?.length !== spec.hosts.length) {
    // Backwards, so that of two hosts of one name (an error elsewhere) the first counts.
    const hosts = new Map(spec.hosts.toReversed().map((host) => [host.name, host]));
    index = { length: spec.hosts.length, hosts };
    hostsByName.set(spec.hosts, index);
  }
  return index.hosts.get(node.host);
}

/** Port of the cluster bus. */
export function busPort(node: NodeSpec): number {
  return node.busPort ?? node.port + BUS_PORT_OFFSET;
}

/** IP address that the node announces; undefined when its engine chooses it (a bridge network without fixed ones). */
export function nodeAddress(spec: ClusterSpec, node: NodeSpec): string | undefined {
  if (node.address !== undefined) return node.address;
  return spec.network.mode === 'host' ? hostOf(spec, node)?.address : undefined;
}

/**
 * The directives that the spec sets for this node, as CONFIG GET would print them: `redis.config`, and over it the
 * node's own. Directives that RedisForge owns are not among them, nor what the spec leaves to Redis' defaults.
 */
export function effectiveConfig(spec: ClusterSpec, node: NodeSpec): Record<string, string> {
  const merged: Record<string, string> = {};
  for (const layer of [spec.redis.config, node.config ?? {}]) {
    for (const [written, value] of Object.entries(layer)) {
      const directive = findDirective(written);
      const canonical = directive === undefined ? undefined : canonicalValue(directive, value);
      // An accepted spec has no unknown directives and no refused values: both have been reported.
      if (directive !== undefined && canonical?.ok === true) merged[directive.name] = canonical.value;
    }
  }
  return merged;
}

/** Bytes of a size in the spec: a number, or Redis' notation. Undefined when it is neither. */
export function sizeInBytes(size: string | number): number | undefined {
  if (typeof size === 'number') return size;
  return parseMemory(size);
}

/** The node's limits: field by field its own, or else those for every node. */
export function effectiveResources(spec: ClusterSpec, node: NodeSpec): EffectiveResources {
  const own = node.resources;
  return {
    memoryBytes: sizeInBytes(own?.memory ?? spec.resources.memory ?? 0) ?? 0,
    cpus: own?.cpus ?? spec.resources.cpus ?? 0,
    nofile: own?.nofile ?? spec.resources.nofile ?? 0,
  };
}

/** What a directive is, given what a spec sets: its value, or else Redis' default. Undefined for unknown directives. */
export function directiveInForce(config: Readonly<Record<string, string>>, name: string): string | undefined {
  return config[name] ?? findDirective(name)?.default;
}

/** Whether a node that is restarted finds its data again: an append-only file, or snapshots at some point. */
export function hasPersistence(config: Readonly<Record<string, string>>): boolean {
  return directiveInForce(config, 'appendonly') === 'yes' || directiveInForce(config, 'save') !== '';
}

/** Name of the node's container. */
export function containerName(_spec: ClusterSpec, node: NodeSpec): string {
  return node.name;
}

/** Name of the volume that holds the node's data and configuration. */
export function volumeName(spec: ClusterSpec, node: NodeSpec): string {
  return `redisforge-${spec.metadata.name}-${node.name}`;
}

/** Name of the Docker network, `host` for the network of the machine itself. */
export function networkName(spec: ClusterSpec): string {
  return spec.network.mode === 'host' ? 'host' : `redisforge-${spec.metadata.name}`;
}
