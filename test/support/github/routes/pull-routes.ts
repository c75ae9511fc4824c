/** Pull requests and their reviews. */
import { type Handler, issueOf, page, sceneOf, sorted } from '../exchange.ts';
import { pullDetail, pullObject, reviewObject } from '../issue-objects.ts';
import type { Issue, Pull } from '../world.ts';

type PullIssue = Issue & { readonly pull: Pull };

function pullsIn(issues: ReadonlyMap<number, Issue>): PullIssue[] {
  return [...issues.values()].filter((each): each is PullIssue => each.pull !== undefined);
}

export const PULL_ROUTES: Readonly<Record<string, Handler>> = {
  'pulls/list'(asked) {
    const scene = sceneOf(asked);
    const { query } = asked;
    const state = query.get('state') ?? 'open';
    const base = query.get('base');
    const sort = query.get('sort') ?? 'created';
    const direction = query.get('direction') ?? (sort === 'created' ? 'desc' : 'asc');
    const chosen = pullsIn(scene.repository.issues)
      .filter((each) => state === 'all' || each.state === state)
      .filter((each) => base === null || each.pull.baseBranch === base);
    return page(asked, sorted(chosen, sort, direction), (each) => pullObject(scene, each, each.pull));
  },

  'pulls/get'(asked) {
    const scene = sceneOf(asked);
    const issue = issueOf(asked, 'pull_number') as PullIssue;
    const { pull } = issue;
    // The first question only makes GitHub begin to work it out.
    const known = pull.mergeabilityOf === pull.headCommit;
    pull.mergeabilityOf = pull.headCommit;
    return {
      status: 200,
      body: pullDetail(scene, issue, pull, known ? pull.mergeCommit !== undefined : null),
    };
  },

  'pulls/list-reviews'(asked) {
    const scene = sceneOf(asked);
    const issue = issueOf(asked, 'pull_number') as PullIssue;
    return page(asked, issue.pull.reviews, (review) => reviewObject(scene, issue, review));
  },

  'repos/list-pull-requests-associated-with-commit'(asked) {
    const scene = sceneOf({ ...asked, notYet: false });
    const commit = asked.operation.path['commit_sha'];
    const chosen = pullsIn(scene.repository.issues).filter(
      ({ pull }) =>
        (pull.mergedAt !== undefined && pull.mergeCommit === commit) || pull.headCommit === commit,
    );
    return page(asked, asked.notYet ? [] : chosen, (each) => pullObject(scene, each, each.pull));
  },
};
