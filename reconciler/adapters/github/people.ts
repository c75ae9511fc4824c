/** Who approves, who may what, and who is in which team. */
import type { Approval, Permission } from '../../ports/forge.ts';
import { PortError } from '../../ports.ts';
import { collaborator, membership, type ReviewAnswer, reviewList } from './answers.ts';
import type { GithubContext } from './context.ts';
import { isMissing } from './github-errors.ts';
import type { KeptLists, Paged } from './listing.ts';

/** The words of a reviewer that say yes, no, or take back what was said; a comment says none of them. */
const VERDICTS: ReadonlySet<string> = new Set(['APPROVED', 'CHANGES_REQUESTED', 'DISMISSED']);

export class GithubPeople {
  readonly #context: GithubContext;
  readonly #lists: KeptLists;

  constructor(context: GithubContext, lists: KeptLists) {
    this.#context = context;
    this.#lists = lists;
  }

  /** The last verdict of each reviewer, where it is an approval. @throws PortError */
  async approvals(pullRequest: string, signal: AbortSignal): Promise<readonly Approval[]> {
    const list: Paged<ReviewAnswer> = {
      what: `list the reviews of #${pullRequest}`,
      ask: (rest, at, page) => rest.pulls.listReviews({ ...at, ...page, pull_number: Number(pullRequest) }),
      parse: reviewList,
      perPage: 100,
    };
    const { items } = await this.#lists.read(`reviews ${pullRequest}`, list, (review) => review, signal);
    const last = new Map<string, ReviewAnswer>();
    for (const review of items) {
      if (review.user !== null && VERDICTS.has(review.state)) last.set(review.user.login, review);
    }
    return [...last].flatMap(([author, { state, commit_id: commit, submitted_at: at = 0 }]) =>
      state === 'APPROVED' && commit !== null ? [{ author, commit, at }] : [],
    );
  }

  /** @throws PortError */
  async permissionOf(login: string, signal: AbortSignal): Promise<Permission> {
    const what = `ask what ${login} may do`;
    try {
      const { data } = await this.#context.api.call(
        what,
        (rest, at) => rest.repos.getCollaboratorPermissionLevel({ ...at, username: login }),
        collaborator,
        signal,
      );
      return permissionIn(data.permission);
    } catch (error) {
      if (isMissing(error)) return 'none';
      throw error;
    }
  }

  /** An invitation that was not accepted is no membership. @throws PortError */
  async isMember(team: string, login: string, signal: AbortSignal): Promise<boolean> {
    const [org, slug, more] = team.split('/');
    if (!org || !slug || more !== undefined)
      throw new PortError('refused', `${team} is no team: write organisation/team`);
    try {
      const { data } = await this.#context.api.call(
        `ask whether ${login} is in ${team}`,
        (rest) => rest.teams.getMembershipForUserInOrg({ org, team_slug: slug, username: login }),
        membership,
        signal,
      );
      return data.state === 'active';
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }
}

/** GitHub has finer roles, and maps them to these four; a word that we do not know gives no right. */
function permissionIn(word: string): Permission {
  return word === 'admin' || word === 'write' || word === 'read' ? word : 'none';
}
