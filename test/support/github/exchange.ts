/** One request to the fake GitHub's API as its routes see it, and what they may answer. */
import type { Operation } from './description.ts';
import type { Scene } from './issue-objects.ts';
import type { Links } from './objects.ts';
import type { App, Issue, Principal, Repository, Role, World } from './world.ts';

export interface Asked {
  readonly operation: Operation;
  readonly principal: Principal;
  readonly world: World;
  readonly links: Links;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
  /** Address of this request, for the links to other pages. */
  readonly address: string;
  /** Lists are empty and things are not there yet, as on GitHub shortly after they were made. */
  readonly notYet: boolean;
}

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Handler = (asked: Asked) => Answer | Promise<Answer>;

/** An answer that is an error, in GitHub's form. */
export class GithubRefusal extends Error {
  readonly status: number;
  readonly errors: readonly unknown[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    message: string,
    more: { errors?: readonly unknown[]; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.status = status;
    this.errors = more.errors;
    this.headers = more.headers ?? {};
  }

  get body(): Readonly<Record<string, unknown>> {
    const base = {
      message: this.message,
      documentation_url: 'https://docs.github.com/rest',
      status: `${this.status}`,
    };
    return this.errors === undefined ? base : { ...base, errors: this.errors };
  }
}

export function invalid(resource: string, field: string, message: string): GithubRefusal {
  return new GithubRefusal(422, 'Validation Failed', {
    errors: [{ resource, code: 'custom', field, message }],
  });
}

export function notFound(): GithubRefusal {
  return new GithubRefusal(404, 'Not Found');
}

/** @throws GithubRefusal 404, also where the principal may not know that it exists. */
export function repositoryOf({ world, operation, principal, notYet }: Asked): Repository {
  const repository = world.repository(operation.path['owner'] ?? '', operation.path['repo'] ?? '');
  if (repository === undefined || (notYet && operation.method === 'GET')) throw notFound();
  if (principal.kind === 'user' && world.roleOf(repository, principal.person.login) === 'none')
    throw notFound();
  return repository;
}

export function sceneOf(asked: Asked): Scene {
  return { world: asked.world, links: asked.links, repository: repositoryOf(asked) };
}

export function issueOf(asked: Asked, parameter: 'issue_number' | 'pull_number' = 'issue_number'): Issue {
  const issue = repositoryOf(asked).issues.get(Number(asked.operation.path[parameter]));
  if (issue === undefined || (parameter === 'pull_number' && issue.pull === undefined)) throw notFound();
  return issue;
}

const RANK: readonly Role[] = ['none', 'read', 'triage', 'write', 'maintain', 'admin'];

/** An installation may what it was granted; a user's token no more than the user. */
export function mayWrite({ world, principal }: Asked, repository: Repository): boolean {
  if (principal.kind === 'installation') return true;
  return RANK.indexOf(world.roleOf(repository, principal.person.login)) >= RANK.indexOf('write');
}

/** The GitHub App that asks. @throws GithubRefusal 403 for everybody else. */
export function appOf({ world, principal }: Asked): App {
  const app = world.apps.find(({ bot }) => bot.login === principal.person.login);
  if (app === undefined || principal.kind === 'user') {
    throw new GithubRefusal(403, 'You must authenticate via a GitHub App.');
  }
  return app;
}

/** One page of a list, with the `Link` header that leads to the others. */
export function page<T>(
  asked: Asked,
  items: readonly T[],
  show: (item: T) => unknown,
  wrap: (shown: readonly unknown[]) => unknown = (shown) => shown,
): Answer {
  const perPage = Number(asked.query.get('per_page') ?? 30);
  if (perPage > 100) throw new Error(`per_page=${perPage}: GitHub gives no more than 100`);
  const number = Number(asked.query.get('page') ?? 1);
  const last = Math.max(1, Math.ceil(items.length / perPage));
  const to = (target: number, relation: string): string => {
    const address = new URL(asked.address);
    address.searchParams.set('page', String(target));
    return `<${address}>; rel="${relation}"`;
  };
  const links = [
    ...(number > 1 ? [to(number - 1, 'prev'), to(1, 'first')] : []),
    ...(number < last ? [to(number + 1, 'next'), to(last, 'last')] : []),
  ];
  const shown = items.slice((number - 1) * perPage, number * perPage).map(show);
  return {
    status: 200,
    body: wrap(shown),
    headers: links.length === 0 ? {} : { link: links.join(', ') },
  };
}

/** Sorted as asked; ties in the order of their making. */
export function sorted<T extends { readonly createdAt: number; readonly updatedAt: number }>(
  items: readonly T[],
  sort: string,
  direction: string,
): T[] {
  const key = (item: T): number => Math.floor((sort === 'updated' ? item.updatedAt : item.createdAt) / 1000);
  const ascending = items
    .map((item, index) => ({ item, index }))
    .sort((a, b) => key(a.item) - key(b.item) || a.index - b.index)
    .map(({ item }) => item);
  return direction === 'desc' ? ascending.reverse() : ascending;
}
