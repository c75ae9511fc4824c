/** What the fake GitHub knows: people, repositories, and what lies in them. Plain data; the routes read and change it. */

export interface Person {
  readonly id: number;
  readonly login: string;
  readonly type: 'User' | 'Bot';
}

/** As GitHub names the roles of a repository, weakest first. */
export type Role = 'none' | 'read' | 'triage' | 'write' | 'maintain' | 'admin';

/** Names of permissions as GitHub Apps and fine-grained tokens have them, for example `statuses: 'write'`. */
export type Grants = Readonly<Record<string, 'read' | 'write'>>;

/** Who speaks. A classic token has scopes, everything else has grants. */
export interface Principal {
  readonly kind: 'user' | 'installation' | 'app';
  readonly person: Person;
  readonly scopes: readonly string[] | undefined;
  readonly grants: Grants | undefined;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export interface Review {
  readonly id: number;
  readonly author: Person;
  readonly state: 'APPROVED' | 'CHANGES_REQUESTED' | 'COMMENTED' | 'DISMISSED';
  readonly commit: string;
  readonly at: number;
}

/** Issues and pull requests share their numbers, comments and states. */
export interface Issue {
  readonly number: number;
  readonly author: Person;
  readonly createdAt: number;
  title: string;
  body: string;
  state: 'open' | 'closed';
  labels: readonly string[];
  locked: boolean;
  updatedAt: number;
  closedAt: number | undefined;
  pull: Pull | undefined;
}

export interface Pull {
  /** The repository that the head lies in; undefined when the fork has been deleted. */
  headRepository: Repository | undefined;
  /** Who owns, or owned, that repository. */
  readonly headOwner: string;
  readonly headBranch: string;
  headCommit: string;
  readonly baseBranch: string;
  baseCommit: string;
  draft: boolean;
  mergedAt: number | undefined;
  mergedBy: Person | undefined;
  /** Of a merged one the commit that the merge made, before that GitHub's trial merge. */
  mergeCommit: string | undefined;
  /** The head whose mergeability GitHub has worked out. */
  mergeabilityOf: string | undefined;
  readonly reviews: Review[];
}

export interface Comment {
  readonly id: number;
  readonly issue: number;
  /** Null once the account is gone. */
  author: Person | null;
  readonly createdAt: number;
  body: string;
  updatedAt: number;
  readonly reactions: {
    readonly id: number;
    readonly person: Person;
    readonly content: string;
    at: number;
  }[];
}

export interface Status {
  readonly id: number;
  readonly commit: string;
  readonly context: string;
  readonly state: string;
  readonly description: string | null;
  readonly url: string | null;
  readonly creator: Person;
  readonly at: number;
}

export interface ShownAnnotation {
  readonly path: string;
  readonly start_line: number;
  readonly end_line: number;
  readonly annotation_level: string;
  readonly title: string | null;
  readonly message: string;
}

export interface Check {
  readonly id: number;
  readonly commit: string;
  readonly startedAt: number;
  name: string;
  externalId: string;
  status: string;
  conclusion: string | null;
  completedAt: number | undefined;
  title: string | null;
  summary: string | null;
  text: string | null;
  readonly annotations: ShownAnnotation[];
}

export interface Repository {
  readonly id: number;
  owner: string;
  name: string;
  /** `owner/name` of before a renaming: those are redirected. */
  readonly formerNames: string[];
  readonly private: boolean;
  readonly defaultBranch: string;
  /** The bare repository on disk. */
  readonly folder: string;
  readonly parent: Repository | undefined;
  readonly roles: Map<string, Role>;
  readonly issues: Map<number, Issue>;
  readonly comments: Map<number, Comment>;
  readonly statuses: Status[];
  readonly checks: Map<number, Check>;
}

export interface App {
  readonly id: number;
  readonly slug: string;
  /** PEM. */
  readonly publicKey: string;
  readonly bot: Person;
  readonly installation: number;
  grants: Grants;
}

export class World {
  readonly people = new Map<string, Person>();
  readonly repositories: Repository[] = [];
  readonly principals = new Map<string, Principal>();
  readonly apps: App[] = [];
  /** Log-ins of the active members, by `organisation/team`. */
  readonly teams = new Map<string, Map<string, 'active' | 'pending'>>();
  readonly now: () => number;
  #lastId = 1000;

  constructor(now: () => number) {
    this.now = now;
  }

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  person(login: string, type: Person['type'] = 'User'): Person {
    const known = this.people.get(login);
    if (known !== undefined) return known;
    const person = { id: this.nextId(), login, type };
    this.people.set(login, person);
    return person;
  }

  repository(owner: string, name: string): Repository | undefined {
    const wanted = `${owner}/${name}`.toLowerCase();
    return this.repositories.find((each) => `${each.owner}/${each.name}`.toLowerCase() === wanted);
  }

  /** The repository that once had this name, if nobody else has it now. */
  renamed(owner: string, name: string): Repository | undefined {
    return this.repositories.find((each) => each.formerNames.includes(`${owner}/${name}`));
  }

  roleOf(repository: Repository, login: string): Role {
    if (repository.owner === login) return 'admin';
    return repository.roles.get(login) ?? (repository.private ? 'none' : 'read');
  }
}

/** GitHub tells time in whole seconds. */
export function stamp(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}
