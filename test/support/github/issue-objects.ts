/** GitHub's JSON for what people write: issues, pull requests, comments, reviews, and what programs say of commits. */
import { appObject, type Links, nodeId, personObject, repositoryObject } from './objects.ts';
import {
  type App,
  type Check,
  type Comment,
  type Issue,
  type Person,
  type Pull,
  type Repository,
  type Review,
  type Status,
  stamp,
  type World,
} from './world.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A repository as seen by a request: whose addresses, and whom to ask about people. */
export interface Scene {
  readonly world: World;
  readonly links: Links;
  readonly repository: Repository;
}

export function apiOf({ links, repository }: Scene): string {
  return `${links.api}/repos/${repository.owner}/${repository.name}`;
}

export function webOf({ links, repository }: Scene): string {
  return `${links.web}/${repository.owner}/${repository.name}`;
}

function association({ world, repository }: Scene, { login }: Person): string {
  const role = world.roleOf(repository, login);
  if (role === 'none' || role === 'read') return 'NONE';
  return repository.owner === login ? 'OWNER' : 'COLLABORATOR';
}

export function issueObject(scene: Scene, issue: Issue): Fields {
  const own = `${apiOf(scene)}/issues/${issue.number}`;
  const kind = issue.pull === undefined ? 'issues' : 'pull';
  const comments = [...scene.repository.comments.values()].filter((each) => each.issue === issue.number);
  const pull =
    issue.pull === undefined
      ? {}
      : {
          pull_request: {
            url: `${apiOf(scene)}/pulls/${issue.number}`,
            html_url: `${webOf(scene)}/pull/${issue.number}`,
            diff_url: `${webOf(scene)}/pull/${issue.number}.diff`,
            patch_url: `${webOf(scene)}/pull/${issue.number}.patch`,
          },
        };
  return {
    id: scene.repository.id * 1000 + issue.number,
    node_id: nodeId('Issue', issue.number),
    url: own,
    repository_url: apiOf(scene),
    labels_url: `${own}/labels{/name}`,
    comments_url: `${own}/comments`,
    events_url: `${own}/events`,
    html_url: `${webOf(scene)}/${kind}/${issue.number}`,
    number: issue.number,
    state: issue.state,
    title: issue.title,
    body: issue.body,
    user: personObject(scene.links, issue.author),
    labels: issue.labels.map((name) => ({ name })),
    assignee: null,
    milestone: null,
    locked: issue.locked,
    comments: comments.length,
    ...times(issue),
    closed_at: issue.closedAt === undefined ? null : stamp(issue.closedAt),
    author_association: association(scene, issue.author),
    ...pull,
  };
}

function times(written: { readonly createdAt: number; readonly updatedAt: number }): Fields {
  return { created_at: stamp(written.createdAt), updated_at: stamp(written.updatedAt) };
}

/** As in a list: without `mergeable` and who merged it. */
export function pullObject(scene: Scene, issue: Issue, pull: Pull): Fields {
  const own = `${apiOf(scene)}/pulls/${issue.number}`;
  const web = `${webOf(scene)}/pull/${issue.number}`;
  const addresses = {
    comments_url: `${apiOf(scene)}/issues/${issue.number}/comments`,
    commits_url: `${own}/commits`,
    statuses_url: `${apiOf(scene)}/statuses/${pull.headCommit}`,
    review_comments_url: `${own}/comments`,
    review_comment_url: `${apiOf(scene)}/pulls/comments{/number}`,
    issue_url: `${apiOf(scene)}/issues/${issue.number}`,
  };
  const linked = { ...addresses, html_url: web, self_url: own };
  return {
    url: own,
    id: scene.repository.id * 1000 + issue.number,
    node_id: nodeId('PullRequest', issue.number),
    html_url: web,
    diff_url: `${web}.diff`,
    patch_url: `${web}.patch`,
    ...addresses,
    number: issue.number,
    state: issue.state,
    locked: issue.locked,
    title: issue.title,
    user: personObject(scene.links, issue.author),
    body: issue.body,
    labels: [],
    milestone: null,
    ...times(issue),
    closed_at: issue.closedAt === undefined ? null : stamp(issue.closedAt),
    merged_at: pull.mergedAt === undefined ? null : stamp(pull.mergedAt),
    merge_commit_sha: pull.mergeCommit ?? null,
    assignee: null,
    draft: pull.draft,
    head: endObject(scene, pull.headRepository, pull.headOwner, pull.headBranch, pull.headCommit),
    base: endObject(scene, scene.repository, scene.repository.owner, pull.baseBranch, pull.baseCommit),
    _links: Object.fromEntries(
      Object.entries(linked).map(([name, href]) => [name.replace(/_url$/, ''), { href }]),
    ),
    author_association: association(scene, issue.author),
    auto_merge: null,
  };
}

function endObject(
  { world, links }: Scene,
  repository: Repository | undefined,
  owner: string,
  branch: string,
  commit: string,
): Fields {
  const user = world.person(owner);
  const repo = repository === undefined ? null : repositoryObject(links, repository, user);
  return { label: `${owner}:${branch}`, ref: branch, sha: commit, user: personObject(links, user), repo };
}

export function pullDetail(scene: Scene, issue: Issue, pull: Pull, mergeable: boolean | null): Fields {
  const counts = ['comments', 'review_comments', 'commits', 'additions', 'deletions', 'changed_files'];
  return {
    ...pullObject(scene, issue, pull),
    merged: pull.mergedAt !== undefined,
    mergeable,
    mergeable_state: mergeable === null ? 'unknown' : mergeable ? 'clean' : 'dirty',
    merged_by: pull.mergedBy === undefined ? null : personObject(scene.links, pull.mergedBy),
    maintainer_can_modify: false,
    ...Object.fromEntries(counts.map((name) => [name, 0])),
  };
}

export function commentObject(scene: Scene, comment: Comment): Fields {
  const { id, author, issue } = comment;
  const kind = scene.repository.issues.get(issue)?.pull === undefined ? 'issues' : 'pull';
  return {
    id,
    node_id: nodeId('IssueComment', id),
    url: `${apiOf(scene)}/issues/comments/${id}`,
    html_url: `${webOf(scene)}/${kind}/${issue}#issuecomment-${id}`,
    issue_url: `${apiOf(scene)}/issues/${issue}`,
    user: author === null ? null : personObject(scene.links, author),
    body: comment.body,
    ...times(comment),
    author_association: author === null ? 'NONE' : association(scene, author),
    performed_via_github_app: null,
  };
}

export function reviewObject(scene: Scene, issue: Issue, review: Review): Fields {
  const web = `${webOf(scene)}/pull/${issue.number}`;
  const url = `${apiOf(scene)}/pulls/${issue.number}`;
  return {
    id: review.id,
    node_id: nodeId('PullRequestReview', review.id),
    user: personObject(scene.links, review.author),
    body: '',
    state: review.state,
    html_url: `${web}#pullrequestreview-${review.id}`,
    pull_request_url: url,
    _links: { html: { href: web }, pull_request: { href: url } },
    submitted_at: stamp(review.at),
    commit_id: review.commit,
    author_association: association(scene, review.author),
  };
}

export function reactionObject(
  { links }: Scene,
  reaction: { readonly id: number; readonly person: Person; readonly content: string; readonly at: number },
): Fields {
  return {
    id: reaction.id,
    node_id: nodeId('Reaction', reaction.id),
    user: personObject(links, reaction.person),
    content: reaction.content,
    created_at: stamp(reaction.at),
  };
}

/** Without who said it, as in the combined status of a commit. */
export function simpleStatus(scene: Scene, status: Status): Fields {
  return {
    url: `${apiOf(scene)}/statuses/${status.commit}`,
    avatar_url: null,
    id: status.id,
    node_id: nodeId('StatusContext', status.id),
    state: status.state,
    description: status.description,
    target_url: status.url,
    context: status.context,
    created_at: stamp(status.at),
    updated_at: stamp(status.at),
  };
}

export function statusObject(scene: Scene, status: Status): Fields {
  return { ...simpleStatus(scene, status), creator: personObject(scene.links, status.creator) };
}

export function checkObject(scene: Scene, check: Check, app: App): Fields {
  const own = `${apiOf(scene)}/check-runs/${check.id}`;
  return {
    id: check.id,
    node_id: nodeId('CheckRun', check.id),
    head_sha: check.commit,
    external_id: check.externalId,
    url: own,
    html_url: `${webOf(scene)}/runs/${check.id}`,
    details_url: `${webOf(scene)}/runs/${check.id}`,
    status: check.status,
    conclusion: check.conclusion,
    started_at: stamp(check.startedAt),
    completed_at: check.completedAt === undefined ? null : stamp(check.completedAt),
    output: {
      title: check.title,
      summary: check.summary,
      text: check.text,
      annotations_count: check.annotations.length,
      annotations_url: `${own}/annotations`,
    },
    name: check.name,
    check_suite: { id: 1 },
    app: appObject(scene.links, app, scene.world.person(scene.repository.owner)),
    pull_requests: [],
  };
}
