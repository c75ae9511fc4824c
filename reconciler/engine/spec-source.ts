/** From commits to specs in force: what a new commit changes, and which last good spec an invalid one leaves in force. */
import type { ClusterSpec } from '../../spec-schema/cluster-spec.ts';
import type { Problem } from '../../spec-schema/problem.ts';
import { type Commit, PortError, type SpecFile, type SpecRepository, type StateStore } from '../ports.ts';
import { parseSpec } from './parse-spec.ts';

export interface AcceptedSpec {
  readonly path: string;
  readonly spec: ClusterSpec;
  /** As it was committed. */
  readonly text: string;
  /** Commit from which it was accepted; older than the head when the head's is invalid. */
  readonly commit: string;
}

export interface InvalidSpec {
  readonly path: string;
  readonly problems: readonly Problem[];
  /** The last good spec, which stays in force. */
  readonly keeping: AcceptedSpec | undefined;
}

export interface SpecChange {
  readonly commit: Commit;
  readonly previous: string | undefined;
  /** The previous head is not contained in this one: the branch was force-pushed. */
  readonly forced: boolean;
  /** All specs in force, the kept ones included. */
  readonly specs: readonly AcceptedSpec[];
  readonly invalid: readonly InvalidSpec[];
  /** Specs that were in force and whose file is gone. Their clusters are left as they are. */
  readonly gone: readonly { readonly path: string; readonly cluster: string }[];
}

interface Remembered {
  readonly head: string;
  /** Text of the last good spec of each path, with its commit. */
  readonly accepted: Readonly<Record<string, { readonly commit: string; readonly text: string }>>;
}

const MEMORY = 'repository/accepted.json';

export class SpecSource {
  readonly #repository: SpecRepository;
  readonly #store: StateStore;
  #seen: string | undefined;

  constructor(repository: SpecRepository, store: StateStore) {
    this.#repository = repository;
    this.#store = store;
  }

  /** What the head of the branch says, undefined when it has not moved since the last call. @throws PortError */
  async poll(signal: AbortSignal): Promise<SpecChange | undefined> {
    const commit = await this.#repository.fetchHead(signal);
    if (commit.id === this.#seen) return undefined;
    const memory = await this.#remembered();
    const previous = memory?.head;
    const forced =
      previous !== undefined &&
      previous !== commit.id &&
      !(await this.#repository.isAncestor(previous, commit.id));
    const files = await this.#repository.listSpecs(commit.id);
    const specs: AcceptedSpec[] = [];
    const invalid: InvalidSpec[] = [];
    const accepted: Record<string, { commit: string; text: string }> = {};
    for (const file of files) {
      const { spec, problems, text } = await this.#read(commit.id, file);
      const earlier = memory?.accepted[file.path];
      if (spec !== undefined) {
        specs.push({ path: file.path, spec, text, commit: commit.id });
        accepted[file.path] = { commit: commit.id, text };
        continue;
      }
      const keeping = earlier === undefined ? undefined : acceptedFrom(file.path, earlier);
      if (earlier !== undefined && keeping !== undefined) {
        specs.push(keeping);
        accepted[file.path] = { ...earlier };
      }
      invalid.push({ path: file.path, problems, keeping });
    }
    const paths = new Set(files.map(({ path }) => path));
    const gone = Object.entries(memory?.accepted ?? {})
      .filter(([path]) => !paths.has(path))
      .flatMap(([path, earlier]) => {
        const spec = acceptedFrom(path, earlier);
        return spec === undefined ? [] : [{ path, cluster: spec.spec.metadata.name }];
      });
    await this.#store.write(MEMORY, JSON.stringify({ head: commit.id, accepted } satisfies Remembered));
    this.#seen = commit.id;
    return { commit, previous, forced, ...withoutTwins(specs, invalid), gone };
  }

  async #remembered(): Promise<Remembered | undefined> {
    const text = await this.#store.read(MEMORY);
    if (text === undefined) return undefined;
    try {
      return JSON.parse(text) as Remembered;
    } catch {
      return undefined;
    }
  }

  async #read(
    commit: string,
    file: SpecFile,
  ): Promise<{ spec: ClusterSpec | undefined; problems: readonly Problem[]; text: string }> {
    try {
      const bytes = await this.#repository.readFile(commit, file.path);
      return { ...parseSpec(bytes, file.path), text: new TextDecoder().decode(bytes) };
    } catch (error) {
      if (!(error instanceof PortError) || error.code !== 'refused') throw error;
      const problem: Problem = {
        severity: 'error',
        code: 'spec-unreadable',
        subject: file.path,
        summary: error.message,
        hint: 'commit the spec as a plain file of reasonable size',
      };
      return { spec: undefined, problems: [problem], text: '' };
    }
  }
}

function acceptedFrom(
  path: string,
  earlier: { readonly commit: string; readonly text: string },
): AcceptedSpec | undefined {
  // Read again, not stored as parsed: what an older RedisForge accepted may be refused, or mean more, now.
  const { spec } = parseSpec(earlier.text, path);
  return spec === undefined ? undefined : { path, spec, ...earlier };
}

/** Two files that name the same cluster would fight over it: neither is followed, both are reported. */
function withoutTwins(
  specs: readonly AcceptedSpec[],
  invalid: readonly InvalidSpec[],
): { specs: AcceptedSpec[]; invalid: InvalidSpec[] } {
  const byName = new Map<string, AcceptedSpec[]>();
  for (const spec of specs)
    byName.set(spec.spec.metadata.name, [...(byName.get(spec.spec.metadata.name) ?? []), spec]);
  const twins = [...byName].filter(([, same]) => same.length > 1);
  const refused = twins.flatMap(([cluster, same]) =>
    same.map(
      ({ path }): InvalidSpec => ({
        path,
        keeping: undefined,
        problems: [
          {
            severity: 'error',
            code: 'duplicate-cluster',
            subject: path,
            summary: `the name ${cluster} is used by ${same.map((twin) => twin.path).join(' and ')}`,
            hint: 'give each cluster a name of its own (metadata.name)',
          },
        ],
      }),
    ),
  );
  const twinNames = new Set(twins.map(([name]) => name));
  return {
    specs: specs.filter((spec) => !twinNames.has(spec.spec.metadata.name)),
    invalid: [...invalid, ...refused],
  };
}
