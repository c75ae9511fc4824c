/** Issues. A pull request is one too, and appears among them. */
import { type Handler, issueOf, mayWrite, page, repositoryOf, sceneOf, sorted } from '../exchange.ts';
import { issueObject } from '../issue-objects.ts';
import type { Issue } from '../world.ts';

export const ISSUE_ROUTES: Readonly<Record<string, Handler>> = {
  'issues/list-for-repo'(asked) {
    const scene = sceneOf(asked);
    const { query } = asked;
    const state = query.get('state') ?? 'open';
    const creator = query.get('creator');
    const labels = (query.get('labels') ?? '').split(',').filter(Boolean);
    const chosen = [...scene.repository.issues.values()]
      .filter((each) => state === 'all' || each.state === state)
      .filter((each) => creator === null || each.author.login === creator)
      .filter((each) => labels.every((label) => each.labels.includes(label)));
    const list = sorted(chosen, query.get('sort') ?? 'created', query.get('direction') ?? 'desc');
    return page(asked, list, (each) => issueObject(scene, each));
  },

  'issues/get'(asked) {
    return { status: 200, body: issueObject(sceneOf(asked), issueOf(asked)) };
  },

  'issues/create'(asked) {
    const scene = sceneOf(asked);
    const { world, body, principal } = asked;
    const now = world.now();
    const issue: Issue = {
      number: Math.max(0, ...scene.repository.issues.keys()) + 1,
      title: String(body['title']),
      body: String(body['body'] ?? ''),
      author: principal.person,
      state: 'open',
      // Who may not write has labels dropped without a word.
      labels: mayWrite(asked, scene.repository) ? ((body['labels'] as string[] | undefined) ?? []) : [],
      locked: false,
      createdAt: now,
      updatedAt: now,
      closedAt: undefined,
      pull: undefined,
    };
    scene.repository.issues.set(issue.number, issue);
    return { status: 201, body: issueObject(scene, issue) };
  },

  'issues/update'(asked) {
    const issue = issueOf(asked);
    const { body, world } = asked;
    if (body['title'] !== undefined) issue.title = String(body['title']);
    if (body['body'] !== undefined) issue.body = String(body['body']);
    if (body['state'] === 'open' || body['state'] === 'closed') {
      issue.state = body['state'];
      issue.closedAt = issue.state === 'closed' ? world.now() : undefined;
    }
    issue.updatedAt = world.now();
    return { status: 200, body: issueObject({ ...sceneOf(asked), repository: repositoryOf(asked) }, issue) };
  },
};
