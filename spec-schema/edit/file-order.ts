/** How a file orders its nodes, and what a new one among them is to look like. */
import type { ClusterSpec, NodeSpec } from '../cluster-spec.ts';
import type { Changes } from './entries.ts';
import { membersInOrder, shardsInOrder } from './naming.ts';
import { standsApart } from './splices.ts';
import { sourceAt, type YamlSource } from './yaml-source.ts';

/** Where a new item stands, and which one it is written like; indexes among the nodes that stay. */
export interface Position {
  readonly after: number;
  readonly like: number;
  readonly apart: boolean;
}

export class FileOrder {
  readonly #staying: readonly NodeSpec[];
  readonly #index: ReadonlyMap<NodeSpec, number>;
  /** Of each shard, its primary first. */
  readonly #members: ReadonlyMap<string, readonly NodeSpec[]>;
  /** Index of the last node of the last shard. */
  readonly #end: number;
  /** The file goes shard by shard, not first all primaries and then all replicas, say. */
  readonly #isByShard: boolean;
  /** Blank lines separate the shards. */
  readonly #isSpaced: boolean;

  constructor({ text, root }: YamlSource, spec: ClusterSpec, staying: readonly NodeSpec[]) {
    const shards = shardsInOrder(staying);
    this.#staying = staying;
    this.#index = new Map(staying.map((node, at) => [node, at]));
    this.#members = new Map(shards.map((shard) => [shard, membersInOrder(staying, shard)]));
    const last = (this.#members.get(shards.at(-1) ?? '') ?? []).map((node) => this.#indexOf(node));
    const [from, to] = [Math.min(...last), Math.max(...last)];
    this.#end = to;
    this.#isByShard = to - from === last.length - 1;
    const list = sourceAt(root, ['nodes']);
    const first = spec.nodes.indexOf(staying[from] as NodeSpec);
    const part = list?.kind === 'list' ? list.parts[first] : undefined;
    this.#isSpaced = this.#isByShard && first > 0 && part !== undefined && standsApart(text, part.start);
  }

  /** The node that a new one is like: the last of its kind, or else a primary. */
  modelFor(ordinal: number): NodeSpec {
    for (let kind = ordinal; kind >= 0; kind -= 1) {
      const model = this.#kind(kind).at(-1);
      if (model !== undefined) return model;
    }
    return this.#staying.at(-1) as NodeSpec;
  }

  /** What the model has for itself, other than all of its kind, is not for a new one. */
  withoutExtras(model: NodeSpec, ordinal: number): Changes {
    const kind = this.#kind(ordinal).length > 0 ? this.#kind(ordinal) : this.#staying;
    const changes: Record<string, undefined> = {};
    for (const field of ['config', 'resources'] as const) {
      const values = new Set(kind.map((node) => JSON.stringify(node[field])));
      if (model[field] !== undefined && values.size > 1) changes[field] = undefined;
    }
    return changes;
  }

  positionOf(shard: string, ordinal: number, model: NodeSpec): Position {
    const own = this.#members.get(shard);
    const neighbour = own === undefined ? this.#end : Math.max(...own.map((node) => this.#indexOf(node)));
    const like = this.#indexOf(model);
    return {
      after: this.#isByShard ? neighbour : like,
      like,
      apart: this.#isSpaced && own === undefined && ordinal === 0,
    };
  }

  #kind(ordinal: number): NodeSpec[] {
    return [...this.#members.values()].flatMap((nodes) => nodes[ordinal] ?? []);
  }

  #indexOf(node: NodeSpec): number {
    return this.#index.get(node) ?? 0;
  }
}
