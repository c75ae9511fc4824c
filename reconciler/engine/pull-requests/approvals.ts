/** Who has approved a plan: reviews of its head commit, and commands that name it, with what their authors may do now. */
import type { ApprovalPolicy } from '../../../spec-schema/policy/policy.ts';
import { type GivenApproval, teamsOf } from '../../planner/approval/requirements.ts';
import { ask, type Desk } from './desk.ts';

export interface ApprovalQuestion {
  /** Undefined where there is no pull request: then only commands count. */
  readonly pullRequest: string | undefined;
  /** Reviews of another commit are void. */
  readonly head: string;
  /** Ids under which the plan may have been named. */
  readonly plans: ReadonlySet<string>;
}

/** A permission is asked for at the forge each time: one that was taken away must not linger. @throws PortError */
export async function approvalsFor(
  desk: Desk,
  { pullRequest, head, plans }: ApprovalQuestion,
  policy: ApprovalPolicy,
  signal: AbortSignal,
): Promise<GivenApproval[]> {
  const { forge, books } = desk;
  const reviews =
    pullRequest === undefined
      ? []
      : await ask(desk, 'reviews', signal, (limited) => forge.approvals(pullRequest, limited));
  const named = books.commands.state.approvals.filter(({ plan }) => plans.has(plan));
  const given: Pick<GivenApproval, 'author' | 'by'>[] = [
    ...named.map(({ author }) => ({ author, by: 'command' as const })),
    ...reviews
      .filter(({ commit }) => commit === head)
      .map(({ author }) => ({ author, by: 'review' as const })),
  ];
  const authors = new Map<string, Pick<GivenApproval, 'mayWrite' | 'teams'>>();
  for (const author of new Set(given.map((approval) => approval.author))) {
    const permission = await ask(desk, 'permission', signal, (limited) =>
      forge.permissionOf(author, limited),
    );
    const teams: string[] = [];
    for (const team of teamsOf(policy)) {
      if (await ask(desk, 'membership', signal, (limited) => forge.isMember(team, author, limited)))
        teams.push(team);
    }
    authors.set(author, { mayWrite: permission === 'write' || permission === 'admin', teams });
  }
  return given.map((approval) => ({
    ...approval,
    ...(authors.get(approval.author) ?? { mayWrite: false, teams: [] }),
  }));
}
