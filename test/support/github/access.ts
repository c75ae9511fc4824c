/** Who a request comes from, and whether they may do what it asks. */
import { createVerify } from 'node:crypto';
import { GithubRefusal } from './exchange.ts';
import type { Principal, World } from './world.ts';

const JWT_MAX_SECONDS = 600;
/** The operations of an App that speaks for itself. */
const APP_ONLY: ReadonlySet<string> = new Set([
  'apps/get-authenticated',
  'apps/get-repo-installation',
  'apps/create-installation-access-token',
]);

type Need = readonly [name: string, level: 'read' | 'write'];

/** What an App or a fine-grained token must have been granted: one of these. */
const NEEDS: Readonly<Record<string, readonly Need[]>> = {
  'checks/create': [['checks', 'write']],
  'checks/update': [['checks', 'write']],
  'checks/get': [['checks', 'read']],
  'checks/list-annotations': [['checks', 'read']],
  'checks/list-for-ref': [['checks', 'read']],
  'issues/create': [['issues', 'write']],
  'issues/update': [
    ['issues', 'write'],
    ['pull_requests', 'write'],
  ],
  'issues/get': [['issues', 'read']],
  'issues/list-for-repo': [['issues', 'read']],
  'issues/create-comment': [
    ['issues', 'write'],
    ['pull_requests', 'write'],
  ],
  'issues/update-comment': [
    ['issues', 'write'],
    ['pull_requests', 'write'],
  ],
  'issues/delete-comment': [
    ['issues', 'write'],
    ['pull_requests', 'write'],
  ],
  'issues/get-comment': [
    ['issues', 'read'],
    ['pull_requests', 'read'],
  ],
  'issues/list-comments': [
    ['issues', 'read'],
    ['pull_requests', 'read'],
  ],
  'issues/list-comments-for-repo': [
    ['issues', 'read'],
    ['pull_requests', 'read'],
  ],
  'reactions/create-for-issue-comment': [['issues', 'write']],
  'reactions/list-for-issue-comment': [['issues', 'read']],
  'pulls/get': [['pull_requests', 'read']],
  'pulls/list': [['pull_requests', 'read']],
  'pulls/list-reviews': [['pull_requests', 'read']],
  'repos/list-pull-requests-associated-with-commit': [['pull_requests', 'read']],
  'repos/create-commit-status': [['statuses', 'write']],
  'repos/get-combined-status-for-ref': [['statuses', 'read']],
  'repos/list-commit-statuses-for-ref': [['statuses', 'read']],
  'teams/get-membership-for-user-in-org': [['members', 'read']],
};

/** @throws GithubRefusal 401 */
export function principalOf(world: World, authorization: string | undefined): Principal {
  const [, scheme = '', credential = ''] = /^(\S+) (.+)$/.exec(authorization ?? '') ?? [];
  const token = scheme.toLowerCase() === 'basic' ? passwordOf(credential) : credential;
  const principal = token.split('.').length === 3 ? appByJwt(world, token) : world.principals.get(token);
  if (principal === undefined || principal.expiresAt <= world.now())
    throw new GithubRefusal(401, authorization === undefined ? 'Requires authentication' : 'Bad credentials');
  return principal;
}

function passwordOf(basic: string): string {
  return Buffer.from(basic, 'base64')
    .toString()
    .replace(/^[^:]*:/, '');
}

function appByJwt(world: World, token: string): Principal | undefined {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const { iss, iat, exp } = JSON.parse(Buffer.from(payload, 'base64url').toString());
  const app = world.apps.find(({ id }) => String(id) === String(iss));
  if (app === undefined) return undefined;
  const seconds = world.now() / 1000;
  const verifier = createVerify('RSA-SHA256').update(`${header}.${payload}`);
  if (!verifier.verify(app.publicKey, Buffer.from(signature, 'base64url'))) return undefined;
  if (exp - iat > JWT_MAX_SECONDS + 60 || exp < seconds)
    throw new GithubRefusal(401, "'Expiration time' claim ('exp') is too far in the future");
  return {
    kind: 'app',
    person: app.bot,
    scopes: undefined,
    grants: app.grants,
    expiresAt: exp * 1000,
  };
}

/** @throws GithubRefusal 403 in GitHub's words, with the header that names what would be enough. */
export function requireGrants(principal: Principal, operation: string): void {
  if (principal.kind === 'app' && !APP_ONLY.has(operation))
    throw new GithubRefusal(401, 'A JSON web token is not accepted here');
  if (/^checks\/(create|update)$/.test(operation) && principal.kind === 'user')
    throw new GithubRefusal(403, 'You must authenticate via a GitHub App.');
  const needs = NEEDS[operation];
  if (principal.grants === undefined || needs === undefined) return;
  const granted = needs.some(([name, level]) => {
    const has = principal.grants?.[name];
    return has === 'write' || has === level;
  });
  if (granted) return;
  const who = principal.kind === 'installation' ? 'integration' : 'personal access token';
  throw new GithubRefusal(403, `Resource not accessible by ${who}`, {
    headers: { 'x-accepted-github-permissions': needs.map((need) => need.join('=')).join('; ') },
  });
}
