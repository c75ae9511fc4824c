/** Who we are at GitHub: tokens that are replaced and revoked, Apps, and what we are not allowed to do. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { patient } from '../../support/contract/forge-lab.ts';
import { USUAL_GRANTS } from '../../support/github/fake-github.ts';
import { GithubLab } from '../../support/github/github-lab.ts';
import type { Grants } from '../../support/github/world.ts';
import { failure } from './failure.ts';

let lab: GithubLab;

async function start(access: 'token' | 'app'): Promise<void> {
  lab = await GithubLab.create({ access, base: '/api/v3' });
}

afterEach(async () => {
  expect(lab.github.contractErrors).toEqual([]);
  await lab.dispose();
});

async function lacking(): Promise<readonly string[]> {
  return (await lab.newForge().account(patient)).lacking;
}

describe('a token', () => {
  it('that is replaced is used at once', async () => {
    await start('token');
    const old = lab.secrets.values.get('TOKEN') ?? '';
    await lab.forge.pullRequests(patient);
    lab.github.revoke(old);
    const error = await failure(lab.forge.pullRequests(patient));
    expect([error.code, error.retry]).toEqual(['auth', 'later']);
    lab.secrets.values.set('TOKEN', `${lab.github.personalToken('forge-user')}\n`);
    expect(await lab.forge.pullRequests(patient)).toEqual([]);
  });

  it('with the scopes that it takes lacks nothing; each that is missing is named', async () => {
    await start('token');
    expect(await lacking()).toEqual([]);
    lab.secrets.values.set('TOKEN', lab.github.personalToken('forge-user', { scopes: ['repo'] }));
    expect(await lacking()).toEqual([
      'the token lacks the scope read:org, so approvals by a team cannot be recognised',
    ]);
    lab.secrets.values.set(
      'TOKEN',
      lab.github.personalToken('forge-user', { scopes: ['public_repo', 'read:org'] }),
    );
    expect(await lacking()).toEqual([
      'the token lacks the scope repo, so pull requests, comments and statuses cannot be written',
    ]);
    lab.repository.setRole('forge-user', 'read');
    expect(await lacking()).toContain('forge-user may not write to acme/specs, so commits get no status');
  });

  it('with fine grants is tried out, and what it may not read is named', async () => {
    await start('token');
    const grants: Grants = { metadata: 'read', issues: 'write', statuses: 'write' };
    lab.secrets.values.set('TOKEN', lab.github.personalToken('forge-user', { grants }));
    expect(await lacking()).toEqual(['the token lacks pull_requests=read, so pull requests cannot be read']);
  });

  it('that may not write is told which permission it would take', async () => {
    await start('token');
    const id = await lab.propose({ branch: 'a', title: 'a', author: 'ada', files: { a: 'a' } });
    const grants: Grants = { ...USUAL_GRANTS, issues: 'read', pull_requests: 'read' };
    lab.secrets.values.set('TOKEN', lab.github.personalToken('forge-user', { grants }));
    const error = await failure(lab.forge.ensureComment(id, 'plan/orders', 'x', patient));
    expect([error.code, error.retry]).toEqual(['denied', 'later']);
    expect(error.message).toMatch(/it takes the permission issues=write or pull_requests=write$/);
  });

  it('of an App instead of a person is refused with what to do instead', async () => {
    await start('app');
    await lab.forge.pullRequests(patient);
    const [token = ''] = [...lab.github.world.principals.keys()].filter((each) => each.startsWith('ghs_'));
    lab.secrets.values.set('TOKEN', token);
    const forge = lab.newForge({ access: { kind: 'token', token: { env: 'TOKEN' } } });
    const error = await failure(forge.account(patient));
    expect(error.code).toBe('auth');
    expect(error.message).toContain('give the App itself');
  });

  it('that cannot be read is an error of the secret', async () => {
    await start('token');
    lab.secrets.values.clear();
    expect((await failure(lab.forge.pullRequests(patient))).code).toBe('secret');
  });
});

describe('an App', () => {
  it('with what it asks for lacks nothing, and each permission that is missing is named', async () => {
    await start('app');
    expect(await lab.newForge().account(patient)).toEqual({
      login: 'redisforge[bot]',
      checks: true,
      lacking: [],
    });
    const app = lab.github.world.apps[0] ?? expect.fail('there is an App');
    app.grants = { metadata: 'read', contents: 'read', issues: 'read' };
    const account = await lab.newForge().account(patient);
    expect(account.checks).toBe(false);
    expect(account.lacking).toEqual([
      'the GitHub App lacks the permission pull_requests: write, so plans cannot be commented on pull requests',
      'the GitHub App lacks the permission issues: write, so commands cannot be acknowledged and drift cannot be reported',
      'the GitHub App lacks the permission statuses: write, so commits get no status',
      'the GitHub App lacks the permission checks: write, so there are no check runs: problems are not shown on the lines that cause them',
      'the GitHub App lacks the permission members: read, so approvals by a team cannot be recognised',
    ]);
  });

  it('whose token was revoked gets another one by itself', async () => {
    await start('app');
    const id = await lab.propose({ branch: 'a', title: 'a', author: 'ada', files: { a: 'a' } });
    // Octokit waits some seconds for a token that is younger than five to become known everywhere.
    await lab.forge.pullRequests(patient);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 });
    try {
      lab.github.revokeInstallationTokens();
      await lab.forge.ensureComment(id, 'plan/orders', 'the plan', patient);
    } finally {
      vi.useRealTimers();
    }
    expect(await lab.comments(id)).toEqual(['the plan']);
    const issued = lab.github.calls.filter(({ operation }) =>
      operation.endsWith('installation-access-token'),
    );
    expect(issued).toHaveLength(2);
  });

  it('asks for one token for many requests', async () => {
    await start('app');
    for (let index = 0; index < 3; index += 1) await lab.forge.pullRequests(patient);
    await lab.forge.remarks(0, patient);
    const issued = lab.github.calls.filter(({ operation }) =>
      operation.endsWith('installation-access-token'),
    );
    expect(issued).toHaveLength(1);
  });
});

describe('nothing that we say', () => {
  it.each(['token', 'app'] as const)('gives away our %s', async (access) => {
    await start(access);
    const id = await lab.propose({ branch: 'a', title: 'a', author: 'ada', files: { a: 'a' } });
    await lab.forge.ensureComment(id, 'plan/orders', 'the plan', patient);
    const secrets = [...lab.secrets.values.values(), ...lab.github.world.principals.keys()];
    const errors: unknown[] = [];
    for (const kind of ['bad-gateway', 'reset', 'html', 'rate-limited'] as const) {
      const off = lab.github.faults.add({ kind, operation: 'issues/update-comment' });
      errors.push(await failure(lab.newForge().ensureComment(id, 'plan/orders', kind, patient)));
      off();
    }
    const said = errors.map(
      (error) => `${error} ${JSON.stringify(error)} ${(error as Error).stack} ${(error as Error).cause}`,
    );
    for (const secret of secrets) expect(said.some((text) => text.includes(secret))).toBe(false);
    expect(said.join('\n')).not.toMatch(/PRIVATE KEY|ghs_|ghp_|Bearer/i);
  });
});
