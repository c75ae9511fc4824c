/** GitHub as it is set up from the environment: the API, Git with the same identity, and the first words in a pull request. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readRunSettings } from '../../reconciler/app/settings.ts';
import { type Proposals, wireProposals } from '../../reconciler/app/wire-forge.ts';
import { type Wiring, wire } from '../../reconciler/app/wiring.ts';
import { Reconciler } from '../../reconciler/engine/reconciler.ts';
import type { ReconcilerEvent } from '../../reconciler/engine/reconciler-events.ts';
import { patient } from '../support/contract/forge-lab.ts';
import { GithubLab } from '../support/github/github-lab.ts';

let folder: string;
let lab: GithubLab;
let wiring: Wiring;
let events: ReconcilerEvent[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rf-wire-'));
  events = [];
});
afterEach(async () => {
  await wiring.close();
  expect(lab.github.contractErrors).toEqual([]);
  await lab.dispose();
  await rm(folder, { recursive: true, force: true });
});

async function start(access: 'token' | 'app'): Promise<{ proposals: Proposals; pollMs: number }> {
  lab = await GithubLab.create({ access, base: '/api/v3' });
  const secretsDir = join(folder, 'secrets');
  await mkdir(secretsDir, { mode: 0o700 });
  for (const [name, value] of lab.secrets.values)
    await writeFile(join(secretsDir, name), `${value}\n`, { mode: 0o600 });
  const identity: Record<string, string> =
    access === 'token'
      ? { REDISFORGE_GITHUB_TOKEN_FILE: 'TOKEN' }
      : { REDISFORGE_GITHUB_APP_ID: `${lab.appId}`, REDISFORGE_GITHUB_APP_KEY_FILE: 'KEY' };
  const environment = {
    PATH: process.env['PATH'],
    REDISFORGE_REPOSITORY: `${lab.github.address}/acme/specs.git`,
    REDISFORGE_GITHUB_API_URL: `${lab.github.address}/api/v3`,
    REDISFORGE_STATE_DIR: folder,
    REDISFORGE_PORT: 'off',
    // Nothing is found out by waiting for it.
    REDISFORGE_POLL_INTERVAL: '1h',
    ...identity,
  };
  const settings = readRunSettings({ flags: {}, environment, cwd: folder });
  wiring = await wire(settings);
  const onSaid = (): void => expect.fail('GitHub is where things are said');
  const report = (event: ReconcilerEvent): void => void events.push(event);
  return {
    proposals: await wireProposals(settings, wiring, 'test', { report, onSaid }),
    pollMs: settings.pollMs,
  };
}

describe.each(['token', 'app'] as const)('as %s', (access) => {
  it('Git reads the repository with the identity that the API has', async () => {
    const { proposals } = await start(access);
    const id = await lab.pushDirectly({ 'README.md': 'specs\n' });
    expect(await proposals.repository.fetchHead(patient)).toMatchObject({ id });
    expect(proposals.numbers?.().contentLeft).toEqual({ minute: 60, hour: 400 });
    await proposals.close();
  });

  it('a pull request is looked at as soon as a bell rings, and its problems are told there', async () => {
    const { proposals, pollMs } = await start(access);
    await lab.pushDirectly({ 'README.md': 'specs\n' });
    const { ports, leases } = wiring;
    const own = { pollMs, driftMs: 30_000, holder: 'test' };
    const report = (event: ReconcilerEvent): void => void events.push(event);
    const reconciler = new Reconciler(
      ports,
      proposals.repository,
      leases,
      own,
      report,
      proposals.pullRequests,
    );
    const over = new AbortController();
    const running = reconciler.run(over.signal);
    try {
      await vi.waitFor(() => expect(reconciler.status().commit).toBeDefined(), { timeout: 60_000 });
      const id = await lab.propose({
        branch: 'topic',
        title: 'A cluster',
        author: 'ada',
        files: { 'orders/cluster.yaml': 'kind: Nothing\n' },
      });
      reconciler.wake();
      await vi.waitFor(
        async () => expect((await lab.comments(id)).join('\n')).toContain('the spec is not valid'),
        { timeout: 60_000, interval: 200 },
      );
    } finally {
      over.abort();
      await running;
      await proposals.close();
    }
    expect(events.filter(({ kind }) => kind === 'defect')).toEqual([]);
  }, 150_000);
});
