/** Who speaks, and what people may do. */
import { randomBytes } from 'node:crypto';
import { appOf, GithubRefusal, type Handler, notFound, repositoryOf } from '../exchange.ts';
import { appObject, installationObject, ownObject, personObject, repositoryObject } from '../objects.ts';
import { type Role, stamp } from '../world.ts';

const HOUR_MS = 3_600_000;

/** What GitHub's older permissions call the finer roles. */
const LEGACY: Readonly<Record<Role, string>> = {
  none: 'none',
  read: 'read',
  triage: 'read',
  write: 'write',
  maintain: 'write',
  admin: 'admin',
};

export const ACCOUNT_ROUTES: Readonly<Record<string, Handler>> = {
  'users/get-authenticated'({ principal, links, world }) {
    if (principal.kind !== 'user') throw new GithubRefusal(403, 'Resource not accessible by integration');
    const headers = principal.scopes === undefined ? {} : { 'x-oauth-scopes': principal.scopes.join(', ') };
    return { status: 200, body: ownObject(links, principal.person, world.now()), headers };
  },

  'apps/get-authenticated'(asked) {
    if (asked.principal.kind !== 'app') throw new GithubRefusal(401, 'A JSON web token could not be decoded');
    return { status: 200, body: appObject(asked.links, appOf(asked), asked.world.person('acme')) };
  },

  'apps/get-repo-installation'(asked) {
    if (asked.principal.kind !== 'app') throw new GithubRefusal(401, 'A JSON web token could not be decoded');
    const { owner } = repositoryOf(asked);
    return { status: 200, body: installationObject(asked.links, appOf(asked), asked.world.person(owner)) };
  },

  'apps/create-installation-access-token'(asked) {
    if (asked.principal.kind !== 'app') throw new GithubRefusal(401, 'A JSON web token could not be decoded');
    const app = appOf(asked);
    if (Number(asked.operation.path['installation_id']) !== app.installation) throw notFound();
    const token = `ghs_${randomBytes(18).toString('hex')}`;
    const expiresAt = asked.world.now() + HOUR_MS;
    asked.world.principals.set(token, {
      kind: 'installation',
      person: app.bot,
      scopes: undefined,
      grants: app.grants,
      expiresAt,
    });
    return { status: 201, body: { token, expires_at: stamp(expiresAt), permissions: app.grants } };
  },

  'repos/get'(asked) {
    const repository = repositoryOf(asked);
    const { world, links, principal } = asked;
    const object = repositoryObject(links, repository, world.person(repository.owner));
    if (principal.kind !== 'user') return { status: 200, body: object };
    const role = world.roleOf(repository, principal.person.login);
    const permissions = {
      admin: role === 'admin',
      maintain: role === 'admin' || role === 'maintain',
      push: ['admin', 'maintain', 'write'].includes(role),
      triage: !['none', 'read'].includes(role),
      pull: role !== 'none',
    };
    const headers = principal.scopes === undefined ? {} : { 'x-oauth-scopes': principal.scopes.join(', ') };
    return { status: 200, body: { ...object, permissions }, headers };
  },

  'repos/get-collaborator-permission-level'(asked) {
    const repository = repositoryOf(asked);
    const person = asked.world.people.get(asked.operation.path['username'] ?? '');
    if (person === undefined) throw notFound();
    const role = asked.world.roleOf(repository, person.login);
    return {
      status: 200,
      body: {
        permission: LEGACY[role],
        role_name: role,
        user: { ...personObject(asked.links, person), role_name: role },
      },
    };
  },

  'teams/get-membership-for-user-in-org'({ world, operation, links }) {
    const { org = '', team_slug: team = '', username = '' } = operation.path;
    const state = world.teams.get(`${org}/${team}`)?.get(username);
    if (state === undefined) throw notFound();
    const url = `${links.api}/orgs/${org}/teams/${team}/memberships/${encodeURIComponent(username)}`;
    return { status: 200, body: { state, role: 'member', url } };
  },
};
