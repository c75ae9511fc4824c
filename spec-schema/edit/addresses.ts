/** Ports and addresses for new nodes: the next ones that nobody has, in the way in which the file gives them out. */
import type { ClusterSpec, HostSpec, NodeSpec } from '../cluster-spec.ts';
import { BUS_PORT_OFFSET, busPort, hostOf, nodeAddress } from '../effective.ts';
import { parseIp, parseSubnet } from '../rules/ip.ts';
import { ipText } from './ip-text.ts';

/** Where a new node listens; what is undefined is left out of its entry. */
export interface Place {
  readonly port: number;
  readonly busPort: number | undefined;
  readonly address: string | undefined;
}

export type PlaceResult =
  | { readonly ok: true; readonly place: Place }
  | { readonly ok: false; readonly reason: string };

const MAX_PORT = 65_535;

export class Places {
  readonly #spec: ClusterSpec;
  /** All that have a place, those included that are about to leave: they run until the new ones do. */
  readonly #nodes: NodeSpec[];
  readonly #isNumberedThrough: boolean;
  readonly #hasAddresses: boolean;

  constructor(spec: ClusterSpec) {
    this.#spec = spec;
    this.#nodes = [...spec.nodes];
    const ports = new Set(spec.nodes.map(({ port }) => port));
    const isPublished = spec.network.mode === 'bridge' && spec.network.publish !== undefined;
    this.#isNumberedThrough = isPublished || (ports.size === spec.nodes.length && ports.size > 1);
    this.#hasAddresses =
      spec.nodes.filter(({ address }) => address !== undefined).length * 2 > spec.nodes.length;
  }

  /**
   * A place for a node on that host, which nobody gets after it.
   * @param like the node that it is made like, as to how its bus port is given.
   * @param asked what a person wants; the rules judge it later.
   */
  next(host: HostSpec, like: NodeSpec, asked: Partial<Place> = {}): PlaceResult {
    const address =
      asked.address === undefined ? this.#address(host, like) : { ok: true as const, value: asked.address };
    if (!address.ok) return address;
    const distance = like.busPort === undefined ? undefined : like.busPort - like.port;
    const draft: NodeSpec = {
      name: '',
      shard: like.shard,
      host: host.name,
      port: like.port,
      ...(address.value === undefined ? {} : { address: address.value }),
    };
    const port = asked.port ?? this.#port(host, draft, distance);
    if (port === undefined) return { ok: false, reason: `host ${host.name} has no free port left` };
    const bus = distance === undefined ? undefined : port + distance;
    this.#nodes.push({ ...draft, port, ...(bus === undefined ? {} : { busPort: bus }) });
    return { ok: true, place: { port, busPort: bus, address: address.value } };
  }

  #port(host: HostSpec, draft: NodeSpec, distance = BUS_PORT_OFFSET): number | undefined {
    const { network } = this.#spec;
    const isFree = (port: number): boolean => {
      const bus = port + distance;
      const claimed = [port, bus];
      return (
        bus > 0 &&
        bus <= MAX_PORT &&
        port <= MAX_PORT &&
        port !== bus &&
        this.#nodes.every((node) => {
          const taken = this.#meets(node, host, draft) ? [node.port, busPort(node)] : [];
          return !taken.some((other) => claimed.includes(other));
        }) &&
        (!this.#isNumberedThrough || this.#nodes.every((node) => node.port !== port))
      );
    };
    // In a bridge network every node has an address, and with it all ports, to itself.
    if (network.mode === 'bridge' && !this.#isNumberedThrough)
      return isFree(draft.port) ? draft.port : undefined;
    const neighbours = this.#isNumberedThrough
      ? this.#nodes
      : this.#nodes.filter((node) => this.#meets(node, host, draft));
    const ports = (neighbours.length > 0 ? neighbours : this.#nodes).map(({ port }) => port);
    const [lowest, highest] = [Math.min(...ports), Math.max(...ports)];
    const first = neighbours.length > 0 ? highest + 1 : lowest;
    for (let port = first; port <= MAX_PORT; port += 1) if (isFree(port)) return port;
    for (let port = lowest; port < first; port += 1) if (isFree(port)) return port;
    return undefined;
  }

  /** Whether a node's ports and those of the draft are ports of one machine, or of one address. */
  #meets(node: NodeSpec, host: HostSpec, draft: NodeSpec): boolean {
    const address = nodeAddress(this.#spec, node);
    if (address !== undefined && address === nodeAddress(this.#spec, draft)) return true;
    return this.#spec.network.mode === 'host' && hostOf(this.#spec, node)?.docker === host.docker;
  }

  #address(
    host: HostSpec,
    like: NodeSpec,
  ): { ok: true; value: string | undefined } | { ok: false; reason: string } {
    const { network } = this.#spec;
    if (network.mode === 'bridge')
      return this.#hasAddresses ? this.#inSubnet(network.subnet ?? '') : { ok: true, value: undefined };
    if (like.address === undefined) return { ok: true, value: undefined };
    const there = this.#nodes.find((node) => node.host === host.name && node.address !== undefined)?.address;
    if (there !== undefined) return { ok: true, value: there };
    if (like.address === hostOf(this.#spec, like)?.address) return { ok: true, value: host.address };
    return {
      ok: false,
      reason: `${like.name} announces an address that is not its host's, and none is known for host ${host.name}`,
    };
  }

  /** Behind the highest that is used, or else the lowest that is free. */
  #inSubnet(text: string): { ok: true; value: string } | { ok: false; reason: string } {
    const subnet = parseSubnet(text);
    if (subnet === undefined) return { ok: false, reason: `\`${text}\` is no subnet` };
    const used = new Set(this.#nodes.flatMap(({ address }) => parseIp(address ?? '')?.value ?? []));
    // The first two addresses and the last are the network's own.
    const [lowest, highest] = [subnet.first + 2n, subnet.family === 4 ? subnet.last - 1n : subnet.last];
    let top = lowest - 1n;
    for (const value of used) if (value > top && value <= highest) top = value;
    for (let value = top + 1n; value <= highest; value += 1n)
      if (!used.has(value)) return { ok: true, value: ipText({ family: subnet.family, value }) };
    for (let value = lowest; value < top; value += 1n)
      if (!used.has(value)) return { ok: true, value: ipText({ family: subnet.family, value }) };
    return { ok: false, reason: `the subnet ${text} has no free address left` };
  }
}
