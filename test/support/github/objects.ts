/**
 * GitHub's JSON for repositories and who has them. Made here and not copied from GitHub's examples: eleven of
 * those break GitHub's own description.
 */
import { type App, type Person, type Repository, stamp } from './world.ts';

/** Where the addresses in an answer lead to: `http://127.0.0.1:1/api/v3` and `http://127.0.0.1:1`. */
export interface Links {
  readonly api: string;
  readonly web: string;
}

type Fields = Readonly<Record<string, unknown>>;

export function nodeId(kind: string, id: number): string {
  return Buffer.from(`${kind}${id}`).toString('base64url');
}

export function personObject(links: Links, { id, login, type }: Person): Fields {
  const own = `${links.api}/users/${encodeURIComponent(login)}`;
  return {
    login,
    id,
    node_id: nodeId('User', id),
    avatar_url: `${links.web}/avatars/${id}`,
    gravatar_id: '',
    url: own,
    html_url: `${links.web}/${encodeURIComponent(login)}`,
    followers_url: `${own}/followers`,
    following_url: `${own}/following{/other_user}`,
    gists_url: `${own}/gists{/gist_id}`,
    starred_url: `${own}/starred{/owner}{/repo}`,
    subscriptions_url: `${own}/subscriptions`,
    organizations_url: `${own}/orgs`,
    repos_url: `${own}/repos`,
    events_url: `${own}/events{/privacy}`,
    received_events_url: `${own}/received_events`,
    type,
    site_admin: false,
  };
}

/** What `GET /user` tells about whoever asks. */
export function ownObject(links: Links, person: Person, now: number): Fields {
  const counts = ['public_repos', 'public_gists', 'followers', 'following', 'private_gists', 'disk_usage'];
  const more = ['total_private_repos', 'owned_private_repos', 'collaborators'];
  return {
    ...personObject(links, person),
    user_view_type: 'private',
    ...Object.fromEntries(
      ['name', 'company', 'blog', 'location', 'email', 'hireable', 'bio'].map((key) => [key, null]),
    ),
    ...Object.fromEntries([...counts, ...more].map((key) => [key, 0])),
    two_factor_authentication: true,
    created_at: stamp(now),
    updated_at: stamp(now),
  };
}

/** The addresses below a repository's own, as GitHub names them. */
const BELOW = {
  archive: '{archive_format}{/ref}',
  assignees: '{/user}',
  blobs: '/git/blobs{/sha}',
  branches: '{/branch}',
  collaborators: '{/collaborator}',
  comments: '{/number}',
  commits: '{/sha}',
  compare: '{base}...{head}',
  contents: '{+path}',
  git_commits: '{/sha}',
  git_refs: '{/sha}',
  git_tags: '{/sha}',
  issue_comment: '{/number}',
  issue_events: '{/number}',
  issues: '{/number}',
  keys: '{/key_id}',
  labels: '{/name}',
  milestones: '{/number}',
  notifications: '{?since}',
  pulls: '{/number}',
  releases: '{/id}',
  statuses: '/{sha}',
  trees: '{/sha}',
} as const;

const PLAIN = [
  'contributors',
  'deployments',
  'downloads',
  'events',
  'forks',
  'hooks',
  'languages',
  'merges',
  'stargazers',
  'subscribers',
  'subscription',
  'tags',
  'teams',
];

export function repositoryObject(links: Links, repository: Repository, ownerPerson: Person): Fields {
  const { id, owner, name } = repository;
  const own = `${links.api}/repos/${owner}/${name}`;
  const web = `${links.web}/${owner}/${name}`;
  return {
    id,
    node_id: nodeId('Repository', id),
    name,
    full_name: `${owner}/${name}`,
    owner: personObject(links, ownerPerson),
    private: repository.private,
    html_url: web,
    description: null,
    fork: repository.parent !== undefined,
    url: own,
    ...Object.fromEntries(Object.entries(BELOW).map(([key, more]) => [`${key}_url`, `${own}/${key}${more}`])),
    ...Object.fromEntries(PLAIN.map((key) => [`${key}_url`, `${own}/${key}`])),
    clone_url: `${web}.git`,
    git_url: `${web.replace(/^http/, 'git')}.git`,
    ssh_url: `git@localhost:${owner}/${name}.git`,
    svn_url: web,
    mirror_url: null,
    homepage: null,
    language: null,
    license: null,
    default_branch: repository.defaultBranch,
    ...Object.fromEntries(
      ['issues', 'projects', 'downloads', 'wiki', 'pages', 'discussions'].map((key) => [
        `has_${key}`,
        key === 'issues',
      ]),
    ),
    ...Object.fromEntries(
      ['forks', 'forks_count', 'open_issues', 'open_issues_count', 'size', 'stargazers_count', 'watchers']
        .concat(['watchers_count', 'network_count', 'subscribers_count'])
        .map((key) => [key, 0]),
    ),
    archived: false,
    disabled: false,
    visibility: repository.private ? 'private' : 'public',
    pushed_at: stamp(0),
    created_at: stamp(0),
    updated_at: stamp(0),
  };
}

export function appObject(links: Links, app: App, owner: Person): Fields {
  return {
    id: app.id,
    slug: app.slug,
    client_id: `Iv1.${app.id}`,
    node_id: nodeId('Integration', app.id),
    owner: personObject(links, owner),
    name: app.slug,
    description: null,
    external_url: 'https://example.com/',
    html_url: `${links.web}/apps/${app.slug}`,
    created_at: stamp(0),
    updated_at: stamp(0),
    permissions: app.grants,
    events: [],
  };
}

export function installationObject(links: Links, app: App, account: Person): Fields {
  const own = `${links.api}/app/installations/${app.installation}`;
  return {
    id: app.installation,
    account: personObject(links, account),
    repository_selection: 'selected',
    access_tokens_url: `${own}/access_tokens`,
    repositories_url: `${links.api}/installation/repositories`,
    html_url: `${links.web}/settings/installations/${app.installation}`,
    app_id: app.id,
    app_slug: app.slug,
    target_id: account.id,
    target_type: 'Organization',
    permissions: app.grants,
    events: [],
    created_at: stamp(0),
    updated_at: stamp(0),
    single_file_name: null,
    suspended_by: null,
    suspended_at: null,
  };
}
