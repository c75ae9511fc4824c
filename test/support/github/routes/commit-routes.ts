/** What programs say of commits: statuses and check runs. */
import {
  type Asked,
  appOf,
  GithubRefusal,
  type Handler,
  invalid,
  mayWrite,
  notFound,
  page,
  repositoryOf,
  sceneOf,
} from '../exchange.ts';
import { GitFolder } from '../git-folder.ts';
import { apiOf, checkObject, type Scene, simpleStatus, statusObject } from '../issue-objects.ts';
import { repositoryObject } from '../objects.ts';
import type { Check, ShownAnnotation, Status } from '../world.ts';

const STATUSES_FOR_CONTEXT = 1000;
const CHECKS_OF_ONE_NAME = 1000;

/** A commit by its full id or a branch. @throws GithubRefusal */
async function commitIn(asked: Asked, reference: string): Promise<string> {
  const commit = await new GitFolder(repositoryOf(asked).folder).commitOf(reference);
  if (commit === undefined) throw new GithubRefusal(422, `No commit found for SHA: ${reference}`);
  return commit;
}

function newestFirst({ repository }: Scene, commit: string): Status[] {
  return repository.statuses.filter((each) => each.commit === commit).reverse();
}

export const COMMIT_ROUTES: Readonly<Record<string, Handler>> = {
  async 'repos/create-commit-status'(asked) {
    const scene = sceneOf(asked);
    const { body, world } = asked;
    if (!mayWrite(asked, scene.repository)) throw notFound();
    const commit = await commitIn(asked, asked.operation.path['sha'] ?? '');
    const context = String(body['context'] ?? 'default');
    const description = (body['description'] as string | null | undefined) ?? null;
    if ((description ?? '').length > 140)
      throw invalid('Status', 'description', 'description is too long (maximum is 140 characters)');
    if (context.length > 255)
      throw invalid('Status', 'context', 'context is too long (maximum is 255 characters)');
    const before = newestFirst(scene, commit).filter((each) => each.context === context);
    if (before.length >= STATUSES_FOR_CONTEXT)
      throw invalid('Status', 'base', 'This SHA and context has reached the maximum number of statuses.');
    const status: Status = {
      id: world.nextId(),
      commit,
      context,
      state: String(body['state']),
      description,
      url: (body['target_url'] as string | null | undefined) ?? null,
      creator: asked.principal.person,
      at: world.now(),
    };
    scene.repository.statuses.push(status);
    return { status: 201, body: statusObject(scene, status) };
  },

  async 'repos/list-commit-statuses-for-ref'(asked) {
    const scene = sceneOf(asked);
    const commit = await commitIn(asked, asked.operation.path['ref'] ?? '');
    return page(asked, newestFirst(scene, commit), (each) => statusObject(scene, each));
  },

  async 'repos/get-combined-status-for-ref'(asked) {
    const scene = sceneOf(asked);
    const commit = await commitIn(asked, asked.operation.path['ref'] ?? '');
    const all = newestFirst(scene, commit);
    const latest = all.filter((each) => all.find(({ context }) => context === each.context) === each);
    const states = latest.map(({ state }) => state);
    const own = `${apiOf(scene)}/commits/${commit}`;
    const owner = asked.world.person(scene.repository.owner);
    return page(
      asked,
      latest,
      (each) => simpleStatus(scene, each),
      (statuses) => ({
        state: states.some((state) => state === 'failure' || state === 'error')
          ? 'failure'
          : states.every((state) => state === 'success') && states.length > 0
            ? 'success'
            : 'pending',
        statuses,
        sha: commit,
        total_count: latest.length,
        repository: repositoryObject(scene.links, scene.repository, owner),
        commit_url: own,
        url: `${own}/status`,
      }),
    );
  },

  async 'checks/create'(asked) {
    const scene = sceneOf(asked);
    const app = appOf(asked);
    const commit = await commitIn(asked, String(asked.body['head_sha']));
    const name = String(asked.body['name']);
    const same = [...scene.repository.checks.values()].filter(
      (each) => each.commit === commit && each.name === name,
    );
    if (same.length >= CHECKS_OF_ONE_NAME)
      throw invalid('CheckRun', 'name', 'too many check runs of this name');
    const check: Check = {
      id: asked.world.nextId(),
      commit,
      startedAt: asked.world.now(),
      name,
      externalId: '',
      status: 'queued',
      conclusion: null,
      completedAt: undefined,
      title: null,
      summary: null,
      text: null,
      annotations: [],
    };
    applyTo(check, asked);
    scene.repository.checks.set(check.id, check);
    return { status: 201, body: checkObject(scene, check, app) };
  },

  'checks/update'(asked) {
    const scene = sceneOf(asked);
    const app = appOf(asked);
    const check = checkOf(asked);
    applyTo(check, asked);
    return { status: 200, body: checkObject(scene, check, app) };
  },

  'checks/get'(asked) {
    return { status: 200, body: checkObject(sceneOf(asked), checkOf(asked), appOf(asked)) };
  },

  'checks/list-annotations'(asked) {
    const { annotations } = checkOf(asked);
    return page(asked, annotations, (each) => ({
      ...each,
      start_column: null,
      end_column: null,
      raw_details: null,
      blob_href: 'https://example.com/blob',
    }));
  },

  async 'checks/list-for-ref'(asked) {
    const scene = sceneOf(asked);
    const app = appOf(asked);
    const commit = await commitIn(asked, asked.operation.path['ref'] ?? '');
    const name = asked.query.get('check_name');
    const all = [...scene.repository.checks.values()]
      .filter((each) => each.commit === commit && (name === null || each.name === name))
      .reverse();
    const latest = all.filter((each) => all.find((other) => other.name === each.name) === each);
    return page(
      asked,
      asked.query.get('filter') === 'all' ? all : latest,
      (each) => checkObject(scene, each, app),
      (runs) => ({ total_count: latest.length, check_runs: runs }),
    );
  },
};

function checkOf(asked: Asked): Check {
  const check = repositoryOf(asked).checks.get(Number(asked.operation.path['check_run_id']));
  if (check === undefined) throw notFound();
  return check;
}

interface GivenOutput {
  readonly title?: string;
  readonly summary?: string;
  readonly text?: string;
  readonly annotations?: readonly ShownAnnotation[];
}

/** What a request says of a check run; its annotations come on top of those that are there. */
function applyTo(check: Check, { body, world }: Asked): void {
  const { status, conclusion, external_id: externalId, output, name } = body;
  if (status === 'completed' && conclusion === undefined)
    throw new GithubRefusal(422, 'Invalid request.\n\nFor completed checks a conclusion is needed.');
  if (name !== undefined) check.name = String(name);
  if (externalId !== undefined) check.externalId = String(externalId);
  if (status !== undefined) check.status = String(status);
  check.conclusion =
    conclusion === undefined ? (check.status === 'completed' ? check.conclusion : null) : String(conclusion);
  if (conclusion !== undefined) check.status = 'completed';
  check.completedAt = check.status === 'completed' ? world.now() : undefined;
  const { title, summary, text, annotations = [] } = (output ?? {}) as GivenOutput;
  check.title = title ?? check.title;
  check.summary = summary ?? check.summary;
  check.text = text ?? check.text;
  const shown = annotations.map((each) => ({ ...each, title: each.title ?? null }));
  check.annotations.push(...shown);
}
