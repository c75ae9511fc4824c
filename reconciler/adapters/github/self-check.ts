/** Who we are at GitHub, and which permission we would need and do not have: asked at the start, said in sentences. */
import type { Account } from '../../ports/forge.ts';
import { PortError } from '../../ports.ts';
import { anything, installation, ownAccount, ownApp, repository } from './answers.ts';
import type { Ask, GithubApi } from './github-api.ts';

/** What an App needs, and what does not work without it. */
const NEEDED: readonly (readonly [permission: string, level: 'read' | 'write', without: string])[] = [
  ['contents', 'read', 'specs cannot be read'],
  ['pull_requests', 'write', 'plans cannot be commented on pull requests'],
  ['issues', 'write', 'commands cannot be acknowledged and drift cannot be reported'],
  ['statuses', 'write', 'commits get no status'],
  ['checks', 'write', 'there are no check runs: problems are not shown on the lines that cause them'],
  ['members', 'read', 'approvals by a team cannot be recognised'],
];

/** What a fine-grained token must be allowed to read; what it may write shows only when it does. */
const PROBES: readonly (readonly [without: string, ask: Ask])[] = [
  ['pull requests cannot be read', (rest, at) => rest.pulls.list({ ...at, per_page: 1 })],
  ['comments cannot be read', (rest, at) => rest.issues.listCommentsForRepo({ ...at, per_page: 1 })],
  ['issues cannot be read', (rest, at) => rest.issues.listForRepo({ ...at, per_page: 1 })],
];

/** @throws PortError when GitHub does not know us, or does not answer */
export async function selfCheck(api: GithubApi, branch: string, signal: AbortSignal): Promise<Account> {
  return api.credentials.kind === 'app' ? checkApp(api, signal) : checkToken(api, branch, signal);
}

async function checkApp(api: GithubApi, signal: AbortSignal): Promise<Account> {
  const app = await api.call('ask who we are', (rest) => rest.apps.getAuthenticated(), ownApp, signal);
  const installed = await api.call(
    'look at our installation',
    (rest, at) => rest.apps.getRepoInstallation(at),
    installation,
    signal,
  );
  const { permissions } = installed.data;
  const missing = NEEDED.filter(([name, level]) => {
    const granted = permissions[name];
    return granted !== 'write' && granted !== 'admin' && granted !== level;
  });
  return {
    login: `${app.data.slug}[bot]`,
    checks: permissions['checks'] === 'write',
    lacking: missing.map(
      ([name, level, without]) => `the GitHub App lacks the permission ${name}: ${level}, so ${without}`,
    ),
  };
}

async function checkToken(api: GithubApi, branch: string, signal: AbortSignal): Promise<Account> {
  const account = await api
    .call('ask who we are', (rest) => rest.users.getAuthenticated(), ownAccount, signal)
    .catch((error: unknown) => {
      if (!(error instanceof PortError) || error.code !== 'denied') throw error;
      const hint = 'it is no token of a person; give the App itself (its id and private key) instead';
      throw new PortError('auth', `the token does not say who we are: ${hint}`, { retry: 'later' });
    });
  const found = await api.call(
    'look at the repository',
    (rest, at) => rest.repos.get(at),
    repository,
    signal,
  );
  const scopes = account.headers['x-oauth-scopes'];
  const lacking =
    typeof scopes === 'string' && scopes !== ''
      ? missingScopes(new Set(scopes.split(/,\s*/)), found.data.private)
      : await missingGrants(api, branch, signal);
  if (found.data.permissions?.push === false)
    lacking.push(`${account.data.login} may not write to ${api.fullName}, so commits get no status`);
  return { login: account.data.login, checks: false, lacking };
}

/** Of a classic token. */
function missingScopes(scopes: ReadonlySet<string>, isPrivate: boolean): string[] {
  const lacking: string[] = [];
  if (!scopes.has('repo') && (isPrivate || !scopes.has('public_repo')))
    lacking.push('the token lacks the scope repo, so pull requests, comments and statuses cannot be written');
  if (!['read:org', 'write:org', 'admin:org'].some((scope) => scopes.has(scope)))
    lacking.push('the token lacks the scope read:org, so approvals by a team cannot be recognised');
  return lacking;
}

/** Of a fine-grained token, which does not tell what it may do. */
async function missingGrants(api: GithubApi, branch: string, signal: AbortSignal): Promise<string[]> {
  const statuses: Ask = (rest, at) => rest.repos.getCombinedStatusForRef({ ...at, ref: branch, per_page: 1 });
  const probes = [...PROBES, ['statuses cannot be read', statuses] as const];
  const lacking: string[] = [];
  for (const [without, ask] of probes) {
    try {
      await api.call('find out what we may do', ask, anything, signal);
    } catch (error) {
      if (!(error instanceof PortError) || (error.code !== 'denied' && error.code !== 'not-found'))
        throw error;
      const permission = /it takes the permission (.+)$/.exec(error.message)?.[1];
      lacking.push(`the token lacks ${permission ?? 'a permission'}, so ${without}`);
    }
  }
  return lacking;
}
