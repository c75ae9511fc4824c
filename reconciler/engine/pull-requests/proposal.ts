/** What a pull request would change on the followed branch, cluster by cluster, read from the result of its merge. */
import { createHash } from 'node:crypto';
import pLimit from 'p-limit';
import type { ClusterSpec } from '../../../spec-schema/cluster-spec.ts';
import { POLICY_PATH } from '../../../spec-schema/policy/policy.ts';
import { readPolicy } from '../../../spec-schema/policy/read-policy.ts';
import type { Problem } from '../../../spec-schema/problem.ts';
import { canonicalJson } from '../../planner/canonical-json.ts';
import { understoodDigest } from '../../planner/preview/digests.ts';
import { PortError, type SpecFile, type SpecRepository } from '../../ports.ts';
import { parseSpec } from '../parse-spec.ts';

export interface ProposedChange {
  readonly cluster: string;
  readonly path: string;
  /** `gone`: the file is taken away. `conflict`: what it would be after the merge cannot be told. */
  readonly state: 'changed' | 'invalid' | 'gone' | 'conflict';
  /** As it is on the base branch; undefined when it is new there, or not valid there. */
  readonly base: ClusterSpec | undefined;
  /** As it would be after the merge; undefined unless `changed`. */
  readonly head: ClusterSpec | undefined;
  /** Why it is not valid, or cannot be told. */
  readonly problems: readonly Problem[];
}

export interface Proposal {
  readonly changes: readonly ProposedChange[];
  /** Paths of any kind where the two branches contradict each other. */
  readonly conflicts: readonly string[];
  /** What would be wrong with the policy after the merge. */
  readonly policy: readonly Problem[];
}

/** Equal for changes that say the same, wherever the branches stand. */
export function changeDigest({ cluster, path, state, base, head, problems }: ProposedChange): string {
  return createHash('sha256')
    .update(canonicalJson({ cluster, path, state, base, head, problems }))
    .digest('hex');
}

interface Read {
  readonly spec: ClusterSpec | undefined;
  readonly problems: readonly Problem[];
}

/** Files read at the same time. */
const PARALLEL_READS = 8;
/** Parsed files that are kept: those of a large repository, twice. */
const MOST_KEPT = 1_000;

export class ProposalReader {
  readonly #repository: SpecRepository;
  readonly #read = new Map<string, Read>();
  readonly #limit = pLimit(PARALLEL_READS);

  constructor(repository: SpecRepository) {
    this.#repository = repository;
  }

  /**
   * Only clusters whose spec is understood as another one than before, is not valid any more, or is gone.
   * @param besides clusters, with the paths of their specs, that are told of even though nothing of them changes.
   * @throws PortError
   */
  async read(base: string, head: string, besides: ReadonlyMap<string, string>): Promise<Proposal> {
    const result = await this.#repository.mergeResult(base, head);
    const before = await this.#repository.listSpecs(base);
    if ('conflicts' in result) return this.#contradicted(base, before, result.conflicts, besides);
    const after = await this.#repository.listSpecs(result.tree);
    const contents = new Map(before.map(({ path, content }) => [path, content]));
    const paths = new Set(after.map(({ path }) => path));
    const changed = after.filter(({ path, content }) => contents.get(path) !== content);
    const gone = before.filter(({ path }) => !paths.has(path));
    const touched = new Set([...changed, ...gone].map(({ path }) => path));
    const old = await this.#parseAll(
      base,
      before.filter(({ path }) => touched.has(path)),
    );
    const fresh = await this.#parseAll(result.tree, changed);
    // Only a new file, or one that speaks of another cluster, can take a name that another one has.
    const renames = changed.some(
      ({ path }) => old.get(path)?.spec?.metadata.name !== fresh.get(path)?.spec?.metadata.name,
    );
    const changes = changesBetween(
      old,
      renames ? withoutTwins(fresh, await this.#parseAll(result.tree, after)) : fresh,
      gone,
    );
    const told = new Set(changes.map(({ cluster }) => cluster));
    const quiet = [...besides].flatMap(([cluster, path]) => (told.has(cluster) ? [] : [path]));
    const same = await this.#parseAll(
      base,
      before.filter(({ path }) => quiet.includes(path)),
    );
    const policy = await this.#policyProblems(result.tree);
    return { changes: [...changes, ...unchanged(same)].sort(byCluster), conflicts: [], policy };
  }

  async #contradicted(
    base: string,
    before: readonly SpecFile[],
    conflicts: readonly string[],
    besides: ReadonlyMap<string, string>,
  ): Promise<Proposal> {
    const paths = new Set([...conflicts, ...besides.values()]);
    const specs = await this.#parseAll(
      base,
      before.filter(({ path }) => paths.has(path)),
    );
    const problem: Problem = {
      severity: 'error',
      code: 'merge-conflict',
      subject: conflicts[0] ?? 'the branches',
      summary: `the branch cannot be merged: ${conflicts.slice(0, 5).join(', ')} ${conflicts.length === 1 ? 'is' : 'are'} in conflict with the base branch`,
      hint: 'merge the base branch into it, or rebase it, and settle the conflict',
    };
    const changes = [...specs].map(
      ([path, { spec }]): ProposedChange => ({
        cluster: spec?.metadata.name ?? path,
        path,
        state: 'conflict',
        base: spec,
        head: undefined,
        problems: [problem],
      }),
    );
    return { changes: changes.sort(byCluster), conflicts, policy: [] };
  }

  async #policyProblems(tree: string): Promise<readonly Problem[]> {
    try {
      const { policy, problems } = readPolicy(
        await this.#repository.readFile(tree, POLICY_PATH),
        POLICY_PATH,
      );
      return policy === undefined ? problems : [];
    } catch (error) {
      if (error instanceof PortError && error.code === 'not-found') return [];
      throw error;
    }
  }

  async #parseAll(tree: string, files: readonly SpecFile[]): Promise<Map<string, Read>> {
    return new Map(
      await Promise.all(
        files.map((file) => this.#limit(async () => [file.path, await this.#parse(tree, file)] as const)),
      ),
    );
  }

  async #parse(tree: string, file: SpecFile): Promise<Read> {
    const key = `${file.content} ${file.path}`;
    const known = this.#read.get(key);
    if (known !== undefined) return known;
    const read = await this.#parsed(tree, file);
    this.#read.set(key, read);
    const [oldest] = this.#read.keys();
    if (this.#read.size > MOST_KEPT && oldest !== undefined) this.#read.delete(oldest);
    return read;
  }

  async #parsed(tree: string, { path }: SpecFile): Promise<Read> {
    try {
      return parseSpec(await this.#repository.readFile(tree, path), path);
    } catch (error) {
      if (!(error instanceof PortError) || error.code !== 'refused') throw error;
      return {
        spec: undefined,
        problems: [
          {
            severity: 'error',
            code: 'spec-unreadable',
            subject: path,
            summary: error.message,
            hint: 'commit the spec as a plain file of reasonable size',
          },
        ],
      };
    }
  }
}

/** Two files that name the same cluster would fight over it: after the merge neither would be followed. */
function withoutTwins(
  fresh: ReadonlyMap<string, Read>,
  all: ReadonlyMap<string, Read>,
): ReadonlyMap<string, Read> {
  const paths = Map.groupBy([...all], ([, { spec }]) => spec?.metadata.name);
  return new Map(
    [...fresh].map(([path, read]): [string, Read] => {
      const cluster = read.spec?.metadata.name;
      const twins = cluster === undefined ? [] : (paths.get(cluster) ?? []).map(([other]) => other);
      if (twins.length < 2) return [path, read];
      const problem: Problem = {
        severity: 'error',
        code: 'duplicate-cluster',
        subject: path,
        summary: `the name ${cluster} is used by ${twins.join(' and ')}`,
        hint: 'give each cluster a name of its own (metadata.name)',
      };
      return [path, { spec: undefined, problems: [problem] }];
    }),
  );
}

function changesBetween(
  old: ReadonlyMap<string, Read>,
  fresh: ReadonlyMap<string, Read>,
  gone: readonly SpecFile[],
): ProposedChange[] {
  const changes: ProposedChange[] = [];
  // A file that was moved is the same cluster at another path.
  const leaving = new Map<string, { readonly path: string; readonly spec: ClusterSpec }>();
  const leave = (path: string, spec: ClusterSpec | undefined): void => {
    if (spec !== undefined) leaving.set(spec.metadata.name, { path, spec });
  };
  for (const { path } of gone) leave(path, old.get(path)?.spec);
  for (const [path, { spec }] of fresh) {
    const here = old.get(path)?.spec;
    // The file speaks of another cluster now: one is let go, and one is new.
    if (spec !== undefined && here?.metadata.name !== spec.metadata.name) leave(path, here);
  }
  for (const [path, { spec, problems }] of fresh) {
    const here = old.get(path)?.spec;
    if (spec === undefined) {
      const cluster = here?.metadata.name ?? path;
      changes.push({ cluster, path, state: 'invalid', base: here, head: undefined, problems });
      continue;
    }
    const cluster = spec.metadata.name;
    const base = here?.metadata.name === cluster ? here : leaving.get(cluster)?.spec;
    leaving.delete(cluster);
    if (base === undefined || understoodDigest(spec) !== understoodDigest(base))
      changes.push({ cluster, path, state: 'changed', base, head: spec, problems: [] });
  }
  for (const [cluster, { path, spec }] of leaving)
    changes.push({ cluster, path, state: 'gone', base: spec, head: undefined, problems: [] });
  return changes;
}

function unchanged(specs: ReadonlyMap<string, Read>): ProposedChange[] {
  return [...specs].flatMap(([path, { spec }]): ProposedChange[] =>
    spec === undefined
      ? []
      : [{ cluster: spec.metadata.name, path, state: 'changed', base: spec, head: spec, problems: [] }],
  );
}

function byCluster(a: ProposedChange, b: ProposedChange): number {
  return a.cluster < b.cluster ? -1 : a.cluster > b.cluster ? 1 : 0;
}
