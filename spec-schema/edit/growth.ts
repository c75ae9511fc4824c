/** New nodes for a file: their names, hosts, ports and addresses, and where in the file they stand. */
import type { NodeSpec } from '../cluster-spec.ts';
import { Places } from './addresses.ts';
import { type NotEdited, type OpenSpec, refused } from './edited.ts';
import type { Changes } from './entries.ts';
import { FileOrder } from './file-order.ts';
import type { NewItem } from './items.ts';
import { Names } from './naming.ts';
import { Placement } from './placement.ts';

const DEFAULT_PORT = 6379;

export class Growth {
  /** Relative to the nodes that stay. */
  readonly items: NewItem[] = [];
  readonly notes: string[] = [];
  readonly #open: OpenSpec;
  readonly #names: Names;
  readonly #places: Places;
  readonly #placement: Placement;
  readonly #order: FileOrder;

  /** @param shards how many there will be. */
  constructor(open: OpenSpec, staying: readonly NodeSpec[], shards: number) {
    this.#open = open;
    this.#names = new Names(open.spec);
    this.#places = new Places(open.spec);
    this.#placement = new Placement(open.spec, staying, shards);
    this.#order = new FileOrder(open.source, open.spec, staying);
  }

  /** A whole new shard. @returns why there can be none. */
  addShard(replicas: number): NotEdited | undefined {
    return this.#add(this.#names.nextShard(), 0, replicas);
  }

  /** More replicas for a shard that has `members`. @returns why there can be none. */
  addReplicas(shard: string, members: number, replicas: number): NotEdited | undefined {
    return this.#add(shard, members, replicas);
  }

  #add(shard: string, from: number, to: number): NotEdited | undefined {
    const added: string[] = [];
    for (let ordinal = from; ordinal <= to; ordinal += 1) {
      const member = this.#member(shard, ordinal, to);
      if (typeof member !== 'string') return member;
      added.push(member);
    }
    if (added.length > 0)
      this.notes.push(
        from === 0 ? `new shard ${shard}: ${added.join(', ')}` : `shard ${shard} gets ${added.join(', ')}`,
      );
    return undefined;
  }

  #member(shard: string, ordinal: number, replicas: number): string | NotEdited {
    const host = this.#placement.next(shard, ordinal === 0);
    if (host === undefined) return this.#tooFewHosts(shard, replicas);
    const model = this.#order.modelFor(ordinal);
    const found = this.#places.next(host, model);
    if (!found.ok)
      return refused(
        this.#open.original.file,
        'no-place',
        `there is no place for another node: ${found.reason}`,
        'make room there, or add the nodes to the file by hand',
      );
    const name = this.#names.nextNode(shard, ordinal);
    const { port, busPort, address } = found.place;
    const changes: Changes = {
      name,
      shard,
      host: host.name,
      ...(model.role === undefined ? {} : { role: ordinal === 0 ? 'primary' : 'replica' }),
      ...this.#portChange(model, port),
      busPort,
      address,
      ...this.#order.withoutExtras(model, ordinal),
    };
    this.items.push({ ...this.#order.positionOf(shard, ordinal, model), changes });
    return `${name} on ${host.name} (zone ${host.zone})`;
  }

  /** The default is not named where others do not name it. */
  #portChange(model: NodeSpec, port: number): Changes {
    if (port === model.port) return {};
    const isOmitted =
      port === DEFAULT_PORT && this.#open.plain.nodes.some((node) => node['port'] === undefined);
    return { port: isOmitted ? undefined : port };
  }

  #tooFewHosts(shard: string, replicas: number): NotEdited {
    const { placement, network } = this.#open.spec;
    const { zones, hosts } = this.#placement.extent;
    const what = placement === 'zone' ? 'zones' : 'hosts';
    const usable = network.mode === 'host' ? 'that have an address' : 'on the engine that the nodes share';
    return refused(
      this.#open.original.file,
      `too-few-${what}`,
      `the ${replicas + 1} members of shard ${shard} need ${replicas + 1} ${what}, and the hosts ${usable} ${placement === 'zone' ? `are in ${zones}` : `are ${hosts}`}`,
      placement === 'zone'
        ? 'add a host in another zone, ask for fewer replicas, or say `placement: host` if hosts are apart enough'
        : 'add a host, or ask for fewer replicas',
    );
  }
}
