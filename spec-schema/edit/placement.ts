/**
 * Hosts for new nodes: members of a shard apart from each other, primaries spread over zones and hosts so that none
 * has half of them, and otherwise wherever there are fewest nodes.
 */
import type { ClusterSpec, HostSpec, NodeSpec } from '../cluster-spec.ts';
import { hostOf } from '../effective.ts';
import { membersInOrder, shardsInOrder } from './naming.ts';

/** A node as far as its placement is concerned. */
interface Placed {
  readonly shard: string;
  readonly host: HostSpec;
  readonly isPrimary: boolean;
}

export class Placement {
  readonly #spec: ClusterSpec;
  readonly #hosts: readonly HostSpec[];
  readonly #placed: Placed[] = [];
  /** How many primaries a zone or a host may have so that the others are a majority without them. */
  readonly #most: number;

  /**
   * @param staying the nodes that keep their place.
   * @param shards how many there will be.
   */
  constructor(spec: ClusterSpec, staying: readonly NodeSpec[], shards: number) {
    this.#spec = spec;
    this.#hosts = spec.hosts.filter((host) => isUsable(spec, host));
    this.#most = Math.floor((shards - 1) / 2);
    for (const shard of shardsInOrder(staying)) {
      const [primary] = membersInOrder(staying, shard);
      for (const node of staying.filter((each) => each.shard === shard)) {
        const host = hostOf(spec, node);
        if (host !== undefined) this.#placed.push({ shard, host, isPrimary: node === primary });
      }
    }
  }

  /** A host for one more member of the shard, which is taken then; undefined when there is none. */
  next(shard: string, isPrimary: boolean): HostSpec | undefined {
    const members = this.#placed.filter((node) => node.shard === shard);
    const candidates = this.#hosts
      .filter((host) => members.every((member) => this.#areApart(member.host, host)))
      .map((host, index) => ({ host, rank: [...this.#rank(host, members, isPrimary), index] }))
      .sort((a, b) => compare(a.rank, b.rank));
    const [best] = candidates;
    if (best !== undefined) this.#placed.push({ shard, host: best.host, isPrimary });
    return best?.host;
  }

  /** Hosts that could be used, and their zones: for the sentence that says what is missing. */
  get extent(): { readonly hosts: number; readonly zones: number } {
    return { hosts: this.#hosts.length, zones: new Set(this.#hosts.map(({ zone }) => zone)).size };
  }

  #areApart(a: HostSpec, b: HostSpec): boolean {
    switch (this.#spec.placement) {
      case 'zone':
        return a.zone !== b.zone;
      case 'host':
        return a.name !== b.name;
      case 'single-host':
        return true;
    }
  }

  /** Lower is better, the first difference decides. */
  #rank(host: HostSpec, members: readonly Placed[], isPrimary: boolean): number[] {
    const inZone = this.#placed.filter((node) => node.host.zone === host.zone);
    const onHost = inZone.filter((node) => node.host.name === host.name);
    const primaries = (nodes: readonly Placed[]) => nodes.filter((node) => node.isPrimary).length;
    if (!isPrimary) {
      const neighbours = members.filter((member) => member.host.name === host.name).length;
      const zoneMates = members.filter((member) => member.host.zone === host.zone).length;
      return [neighbours, zoneMates, onHost.length, inZone.length];
    }
    const tooMany = (nodes: readonly Placed[]) => Math.max(0, primaries(nodes) + 1 - this.#most);
    return [
      tooMany(inZone),
      tooMany(onHost),
      primaries(inZone),
      primaries(onHost),
      onHost.length,
      inZone.length,
    ];
  }
}

/** Without an address nobody finds a node on it; a bridge network does not reach beyond its engine. */
function isUsable(spec: ClusterSpec, host: HostSpec): boolean {
  if (spec.network.mode === 'host')
    return host.address !== undefined || spec.nodes.every((node) => node.address !== undefined);
  const used = new Set(spec.nodes.map((node) => hostOf(spec, node)?.docker));
  return used.size === 0 || used.has(host.docker);
}

function compare(a: readonly number[], b: readonly number[]): number {
  const index = a.findIndex((value, at) => value !== b[at]);
  return index === -1 ? 0 : (a[index] as number) - (b[index] as number);
}
