import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { Metrics } from '../../reconciler/app/http/metrics.ts';
import { PLANS_PATH, plansRoute } from '../../reconciler/app/http/plans.ts';
import { routes } from '../../reconciler/app/http/routes.ts';
import { HttpServer } from '../../reconciler/app/http/server.ts';
import { Vitals } from '../../reconciler/app/http/vitals.ts';
import { webhookRoute } from '../../reconciler/app/http/webhook.ts';
import type { KeeperStatus } from '../../reconciler/engine/keeper-status.ts';
import type { ReconcilerStatus } from '../../reconciler/engine/reconciler.ts';
import type { ReconcilerEvent } from '../../reconciler/engine/reconciler-events.ts';
import { Secret } from '../../reconciler/ports.ts';
import { grown, outcomeOf, previewOf } from '../render/pull-request/previews.ts';
import { healthy } from '../render/situations.ts';

const SHOWN = previewOf(outcomeOf(grown()));
const COMMIT = { id: 'c'.repeat(40), author: 'Ann', subject: 'More memory', at: 1_000_000 };

function keeper(changes: Partial<KeeperStatus> = {}): KeeperStatus {
  return {
    status: 'converged',
    commit: COMMIT.id,
    checkedAt: 0,
    blocks: [],
    failures: [],
    observation: undefined,
    stepsDone: 0,
    stepsFailed: 0,
    ...changes,
  };
}

class Rig {
  now = 0;
  status: ReconcilerStatus = {
    commit: COMMIT,
    polledAt: 0,
    repositoryFailure: undefined,
    clusters: {},
    invalid: {},
    held: {},
    standby: undefined,
  };
  readonly vitals = new Vitals(
    () => this.now,
    () => this.status,
    30_000,
  );
  readonly metrics = new Metrics({ version: '1.2.3', now: () => this.now, status: () => this.status });
  secret = new Secret('a secret of webhooks');
  woken = 0;
  readonly defects: unknown[] = [];
  #server: HttpServer | undefined;

  set clusters(clusters: ReconcilerStatus['clusters']) {
    this.status = { ...this.status, clusters };
  }

  record(event: ReconcilerEvent): void {
    this.vitals.record(event);
    this.metrics.record(event);
  }

  async get(path: string, method = 'GET', more: RequestInit = {}): Promise<Response> {
    this.#server ??= await HttpServer.listen(
      { address: '127.0.0.1', port: 0 },
      routes(this.vitals, this.metrics, {
        '/webhook': webhookRoute(
          async () => this.secret,
          () => {
            this.woken += 1;
          },
        ),
        [PLANS_PATH]: plansRoute((cluster) => (cluster === SHOWN.cluster ? [SHOWN] : [])),
      }),
      (error) => this.defects.push(error),
    );
    return fetch(`http://127.0.0.1:${this.#server.port}${path}`, { method, ...more });
  }

  async close(): Promise<void> {
    await this.#server?.close();
  }
}

let rig = new Rig();
afterEach(async () => {
  await rig.close();
  rig = new Rig();
});

const pass = (cluster: string, status: KeeperStatus, steps = 0): ReconcilerEvent => ({
  kind: 'pass',
  cluster,
  cause: { kind: 'drift', commit: COMMIT.id },
  status,
  durationMs: 40,
  steps,
});

test('healthy while every loop gives signs of life, whatever it finds', async () => {
  rig.clusters = { orders: keeper({ status: 'blocked' }) };
  rig.now = 80_000;
  expect((await rig.get('/healthz')).status).toBe(200);
  rig.now = 100_000;
  const answer = await rig.get('/healthz');
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({ ok: false, clusters: [{ name: 'orders', silentMs: 100_000 }] });
  rig.record(pass('orders', keeper()));
  expect((await rig.get('/healthz')).status).toBe(200);
});

test('one that waits for its lease is healthy', async () => {
  rig.clusters = { orders: keeper({ status: 'standby' }) };
  rig.now = 1_000_000;
  expect((await rig.get('/healthz')).status).toBe(200);
});

test('ready once the repository was read and every cluster was looked at', async () => {
  rig.status = { ...rig.status, commit: undefined };
  expect((await rig.get('/readyz')).status).toBe(503);
  rig.status = {
    ...rig.status,
    commit: COMMIT,
    clusters: { a: keeper(), b: keeper({ checkedAt: undefined, status: 'starting' }) },
  };
  const waiting = await rig.get('/readyz');
  expect(waiting.status).toBe(503);
  expect(await waiting.json()).toMatchObject({ waiting: ['b'] });
  rig.clusters = {
    a: keeper(),
    b: keeper({
      status: 'blocked',
      blocks: [{ severity: 'error', code: 'volume-lost', subject: 'node x', summary: 'it is gone' }],
    }),
  };
  const ready = await rig.get('/readyz');
  expect(ready.status).toBe(200);
  expect(await ready.json()).toMatchObject({
    ok: true,
    commit: COMMIT.id,
    clusters: { b: { status: 'blocked', blocks: [{ code: 'volume-lost' }] } },
  });
});

test('metrics tell states, steps, passes and nodes', async () => {
  const { live, facts } = healthy();
  rig.clusters = { orders: keeper({ observation: { live, facts } }) };
  rig.status = {
    ...rig.status,
    invalid: { 'b/cluster.yaml': [{ severity: 'error', code: 'x', subject: 'x', summary: 'x' }] },
  };
  rig.record(pass('orders', keeper()));
  rig.record({
    kind: 'progress',
    cluster: 'orders',
    cause: { kind: 'drift' },
    event: {
      kind: 'step-ended',
      step: { id: 'start-node:n1a', step: { kind: 'prepare-volume', node: 'n1a' }, because: 'x' },
      at: 1,
      durationMs: 1,
      outcome: { result: 'failed', reason: 'no' },
    },
  });
  rig.now = 5000;
  const answer = await rig.get('/metrics');
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const lines = new Set((await answer.text()).split('\n'));
  for (const line of [
    'redisforge_cluster_status{cluster="orders",status="converged"} 1',
    'redisforge_cluster_status{cluster="orders",status="blocked"} 0',
    'redisforge_steps_total{cluster="orders",kind="prepare-volume",result="failed"} 1',
    'redisforge_pass_duration_seconds_count{cluster="orders"} 1',
    'redisforge_seconds_since_last_successful_pass{cluster="orders"} 5',
    'redisforge_node_reachable{cluster="orders",node="n1a",shard="s1",zone="z1"} 1',
    `redisforge_commit_info{cluster="orders",commit="${COMMIT.id}"} 1`,
    'redisforge_repository_up 1',
    'redisforge_spec_problems{path="b/cluster.yaml"} 1',
    `redisforge_build_info{version="1.2.3",node_version="${process.version}"} 1`,
  ])
    expect(lines).toContain(line);
  expect([...lines].some((line) => /^process_resident_memory_bytes \d+$/.test(line))).toBe(true);
});

test('what is gone from the status is gone from the metrics', async () => {
  rig.clusters = { orders: keeper() };
  await rig.get('/metrics');
  rig.clusters = {};
  expect(await (await rig.get('/metrics')).text()).not.toContain('redisforge_cluster_status{');
});

test('other paths and methods are refused', async () => {
  const unknown = await rig.get('/nothing');
  expect([unknown.status, await unknown.text()]).toEqual([
    404,
    'try /healthz, /readyz, /metrics, /webhook, /plans\n',
  ]);
  expect((await rig.get('/__proto__')).status).toBe(404);
  const posted = await rig.get('/healthz', 'POST');
  expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  const head = await rig.get('/healthz', 'HEAD');
  expect([head.status, await head.text()]).toEqual([200, '']);
});

test('a taken port is a clear refusal', async () => {
  const first = await HttpServer.listen({ address: '127.0.0.1', port: 0 }, {}, () => undefined);
  await expect(
    HttpServer.listen({ address: '127.0.0.1', port: first.port }, {}, () => undefined),
  ).rejects.toThrow(/cannot listen on 127.0.0.1:\d+: the port is taken/);
  await first.close();
});

test('what waits for somebody, and the traffic with the forge, are numbers', async () => {
  const problem = {
    severity: 'error',
    code: 'plan-changed',
    subject: 'orders',
    summary: 'x',
    hint: 'y',
  } as const;
  rig.status = { ...rig.status, clusters: { orders: keeper(), carts: keeper() }, held: { orders: problem } };
  const metrics = new Metrics({
    version: '1.2.3',
    now: () => 5_000,
    status: () => rig.status,
    isPaused: (cluster, now) => cluster === 'carts' && now === 5_000,
    forge: () => ({
      requests: new Map([
        [200, 7],
        [304, 40],
      ]),
      rateLimit: { limit: 5000, remaining: 4990, resetAt: 0 },
      contentLeft: { minute: 60, hour: 399 },
      lastAnswerAt: 4_000,
    }),
  });
  const text = await metrics.text();
  for (const line of [
    'redisforge_change_held{cluster="orders",reason="plan-changed"} 1',
    'redisforge_cluster_paused{cluster="carts"} 1',
    'redisforge_cluster_paused{cluster="orders"} 0',
    'redisforge_acting 1',
    'redisforge_forge_requests_total{code="304"} 40',
    'redisforge_forge_rate_limit_remaining 4990',
    'redisforge_forge_writes_left{per="hour"} 399',
    'redisforge_forge_last_answer_timestamp_seconds 4',
  ])
    expect(text).toContain(`${line}\n`);
  const ready = await (await rig.get('/readyz')).json();
  expect(ready).toMatchObject({ held: { orders: { code: 'plan-changed', hint: 'y' } } });
  rig.status = { ...rig.status, standby: 'another one acts' };
  expect(await metrics.text()).toContain('redisforge_acting 0\n');
});

describe('a webhook', () => {
  const BODY = JSON.stringify({ action: 'opened', title: 'Größe ändern' });
  const signed = (body: string, secret = rig.secret.reveal()): string =>
    `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
  const call = (body: string, headers: Record<string, string>): Promise<Response> =>
    rig.get('/webhook', 'POST', { body, headers: { 'content-type': 'application/json', ...headers } });

  test('that is signed with our secret wakes us, each time', async () => {
    for (let times = 0; times < 3; times += 1) {
      const answer = await call(BODY, {
        'x-hub-signature-256': signed(BODY),
        'x-github-event': 'pull_request',
      });
      expect(answer.status).toBe(202);
    }
    expect(rig.woken).toBe(3);
  });

  test('that only asks whether we are there is answered', async () => {
    const answer = await call(BODY, { 'x-hub-signature-256': signed(BODY), 'x-github-event': 'ping' });
    expect([answer.status, rig.woken]).toEqual([200, 0]);
  });

  test('a secret that was replaced counts from then on', async () => {
    const before = signed(BODY);
    rig.secret = new Secret('another one');
    expect((await call(BODY, { 'x-hub-signature-256': before })).status).toBe(401);
    expect((await call(BODY, { 'x-hub-signature-256': signed(BODY) })).status).toBe(202);
  });

  test.each([
    ['without a signature', {}, BODY],
    ['with the signature of another secret', { 'x-hub-signature-256': 'sha256=' }, BODY],
    ['with something else than a signature', { 'x-hub-signature-256': 'sha1=00' }, BODY],
    ['without a body', { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }, ''],
    ['whose body was changed', { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }, `${BODY} `],
  ])('%s is refused and wakes nobody', async (_, headers, body) => {
    expect((await call(body, headers as Record<string, string>)).status).toBe(401);
    expect([rig.woken, rig.defects]).toEqual([0, []]);
  });

  test('that is endless is not read', async () => {
    const body = 'x'.repeat(6 * 1024 * 1024);
    const answer = await call(body, { 'x-hub-signature-256': signed(body) }).catch(() => undefined);
    // The connection may be gone before all of it was sent.
    expect([413, undefined]).toContain(answer?.status);
    expect(rig.woken).toBe(0);
  });

  test('is a POST', async () => {
    expect((await rig.get('/webhook')).status).toBe(405);
  });
});

test('whole plans are served as text, by the name of the cluster', async () => {
  const answer = await rig.get(`/plans?cluster=${SHOWN.cluster}`);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
  expect(await answer.text()).toMatch(/adds 2 nodes[\s\S]*move 1365 slots/);
  expect((await rig.get('/plans?cluster=another')).status).toBe(404);
  expect((await rig.get('/plans')).status).toBe(400);
});
