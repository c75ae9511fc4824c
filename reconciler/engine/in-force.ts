/** The specs in force: what was admitted last for each cluster, kept so that a restart knows it without Git and forge. */
import type { ClusterSpec } from '../../spec-schema/cluster-spec.ts';
import type { StateStore } from '../ports.ts';
import { readDocument } from './documents.ts';
import { parseSpec } from './parse-spec.ts';

export interface SpecInForce {
  readonly path: string;
  readonly spec: ClusterSpec;
  /** As it was committed. */
  readonly text: string;
  /** Commit from which it was admitted. */
  readonly commit: string;
  /** Ids of the destructive steps that were approved with it (law 8). */
  readonly approved: ReadonlySet<string>;
}

interface Kept {
  readonly path: string;
  readonly commit: string;
  /** The text as it was committed: what an older RedisForge made of it may be something else now. */
  readonly text: string;
  readonly approved: readonly string[];
}

const INDEX = 'repository/in-force.json';

function keyOf(cluster: string): string {
  return `clusters/${cluster}/in-force.json`;
}

/** The spec in force of one cluster; undefined when there is none. @throws PortError */
export async function specInForce(store: StateStore, cluster: string): Promise<SpecInForce | undefined> {
  const kept = await readDocument<Kept>(store, keyOf(cluster));
  if (kept === undefined) return undefined;
  const { path, commit, text, approved } = kept;
  const { spec } = parseSpec(text, path);
  return spec === undefined ? undefined : { path, commit, text, spec, approved: new Set(approved) };
}

export class SpecsInForce {
  readonly #store: StateStore;
  readonly #specs = new Map<string, SpecInForce>();
  #known = false;

  private constructor(store: StateStore) {
    this.#store = store;
  }

  /** @throws PortError */
  static async open(store: StateStore): Promise<SpecsInForce> {
    const specs = new SpecsInForce(store);
    const index = await readDocument<readonly string[]>(store, INDEX);
    specs.#known = index !== undefined;
    for (const cluster of index ?? []) {
      const entry = await specInForce(store, cluster);
      if (entry !== undefined) specs.#specs.set(cluster, entry);
    }
    return specs;
  }

  /** Whether any head was ever followed: the first one is what people declare at the start. */
  get areKnown(): boolean {
    return this.#known;
  }

  of(cluster: string): SpecInForce | undefined {
    return this.#specs.get(cluster);
  }

  all(): ReadonlyMap<string, SpecInForce> {
    return this.#specs;
  }

  /** Several at once, so that the first head comes into force as a whole. @throws PortError */
  async put(entries: readonly SpecInForce[]): Promise<void> {
    for (const { text, approved, spec, path, commit } of entries) {
      const kept: Kept = { path, commit, text, approved: [...approved].sort() };
      await this.#store.write(keyOf(spec.metadata.name), JSON.stringify(kept));
    }
    const before = [...this.#specs.keys()].sort();
    for (const entry of entries) this.#specs.set(entry.spec.metadata.name, entry);
    await this.#index(before);
  }

  /** Its file is gone: nobody looks after the cluster any more. @throws PortError */
  async drop(cluster: string): Promise<void> {
    const before = [...this.#specs.keys()].sort();
    this.#specs.delete(cluster);
    await this.#index(before);
  }

  async #index(before: readonly string[]): Promise<void> {
    const names = [...this.#specs.keys()].sort();
    if (this.#known && names.join() === before.join()) return;
    await this.#store.write(INDEX, JSON.stringify(names));
    this.#known = true;
  }
}
