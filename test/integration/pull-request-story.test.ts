/**
 * The whole story of pull requests, end to end: the real command, real Git over HTTP, a real cluster, and a GitHub that
 * checks every request and answer against GitHub's own description. Told at github.com's address and at that of GitHub
 * Enterprise.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addShard, removeShard } from '../support/changes.ts';
import { eventually } from '../support/lab-containers.ts';
import { CommandLines } from '../support/stage/command-lines.ts';
import type { Service } from '../support/stage/service.ts';
import { Stage } from '../support/stage/stage.ts';

const KEYS = 5_000;

/** Somebody has to approve what cannot be undone, by naming the plan. */
const POLICY = `apiVersion: redisforge.dev/v1
kind: Policy
approvals:
  - risks: [destructive]
    count: 1
confirm: destructive
`;

describe.each([
  ['', 'token'],
  ['/api/v3', 'app'],
] as const)('with the API at %j, as %s', (api, as) => {
  let stage: Stage;
  let service: Service;
  let bell: NodeJS.Timeout | undefined;
  let commandLines: CommandLines;

  beforeAll(async () => {
    stage = await Stage.create({ api, as, policy: POLICY });
    commandLines = new CommandLines(() => stage.pids());
    service = await stage.reconciler();
    // One of the two stories is told while webhooks come twice, late and about nothing: it must be the same story.
    if (api !== '')
      bell = setInterval(() => {
        for (const payload of [{ after: 'something long ago' }, {}])
          stage.ring(payload).catch(() => undefined);
      }, 700);
  });
  afterAll(async () => {
    clearInterval(bell);
    commandLines?.stop();
    await stage?.close();
  });

  const live = async () => (await stage.cluster.observe()).live;
  const containers = async () => {
    const filters = { label: [`dev.redisforge.cluster=${stage.cluster.name}`] };
    return (await stage.cluster.docker.listContainers({ all: true, filters })).length;
  };
  const policy = async () =>
    ((await stage.cluster.asAdmin('1a', 'CONFIG', 'GET', 'maxmemory-policy')) as string[])[1];
  const applied = (commit: string) => stage.statusIs(commit, 'redisforge/apply', /^success/);

  it('the head that is there at the start comes into force', async () => {
    await stage.serves(90_000);
    await stage.cluster.fill(KEYS);
  });

  let adds: number;
  it('a pull request shows what it would do, and touches nothing', async () => {
    addShard(stage.cluster, 4);
    adds = await stage.open('more', 'A fourth shard');
    const head = stage.head(adds);
    await stage.statusIs(head, 'redisforge/plan', /^success: .*adds 2 nodes/i);
    await stage.statusIs(head, `redisforge/plan: ${stage.cluster.name}`, /^success/);
    await stage.commentSays(adds, /adds 2 nodes.*moves 4,096 slots/i);
    expect(stage.comment(adds)).toContain('```mermaid');
    expect(await containers()).toBe(6);
  });

  it('another push is planned in the same comment', async () => {
    const [before] = stage.ours(adds);
    stage.cluster.edit((document) => {
      document.redis.config['maxmemory-policy'] = 'allkeys-lru';
    });
    const head = await stage.push(adds);
    await stage.statusIs(head, 'redisforge/plan', /^success/);
    await stage.commentSays(adds, new RegExp(`head ${head.slice(0, 7)}`));
    expect(stage.comment(adds)).toContain('allkeys-lru');
    expect(stage.ours(adds).map(({ id }) => id)).toEqual([before?.id]);
  });

  it('merged, it is carried out as shown, though RedisForge is killed in the middle', async () => {
    const merge = await stage.repository.merge(adds);
    await eventually(
      'the first container of the new shard is there',
      async () => (await stage.cluster.container('4a').inspect()).State.Running,
      90_000,
    );
    await service.kill();
    service = await stage.reconciler();
    await applied(merge);
    await stage.commentSays(adds, /✅.*steps? done/);
    expect(await live()).toMatchObject({ serving: 'yes', agreement: 'yes' });
    expect((await stage.cluster.primaries()).map(({ ranges }) => ranges.length > 0)).toHaveLength(4);
    expect(await stage.cluster.countIntact(KEYS)).toBe(KEYS);
    expect(stage.ours(adds)).toHaveLength(1);
  });

  it('a pull request from a fork is compared offline, until somebody who may asks for one commit', async () => {
    stage.cluster.edit((document) => {
      document.redis.config['maxmemory-policy'] = 'volatile-lru';
    });
    const number = await stage.open('from-outside', 'Evict others', { author: 'mallory', fork: true });
    const head = stage.head(number);
    await stage.commentSays(number, /comes from a fork/);
    await stage.statusIs(head, 'redisforge/plan', /^pending/);
    stage.repository.comment(number, 'mallory', `/redisforge plan ${head}`);
    stage.repository.comment(number, 'bob', `/redisforge plan ${head}`);
    await stage.statusIs(head, 'redisforge/plan', /^success/);
    await stage.commentSays(number, /settings of 8 nodes/);
    stage.repository.closeUnmerged(number);
    stage.cluster.edit((document) => {
      document.redis.config['maxmemory-policy'] = 'allkeys-lru';
    });
  });

  let removes: number;
  it('what cannot be undone is shown unfolded, and waits for somebody who names the plan', async () => {
    removeShard(stage.cluster, 4);
    removes = await stage.open('fewer', 'Three shards again');
    const head = stage.head(removes);
    await stage.statusIs(head, 'redisforge/plan', /^failure: .*Needs approval/);
    await stage.commentSays(removes, /2 steps cannot be undone/);
    expect(await containers()).toBe(8);
  });

  it('a cluster that moves between plan and merge is not touched, and both plans are compared', async () => {
    const id = /approve (p_[0-9a-f]{12})/.exec(stage.comment(removes))?.[1];
    stage.repository.comment(removes, 'bob', `/redisforge approve ${id}`);
    await stage.statusIs(stage.head(removes), 'redisforge/plan', /^success/);
    // While nobody looks, the shard that is to go changes its primary, and the branch is merged.
    await service.stop();
    await stage.cluster.asAdmin('4b', 'CLUSTER', 'FAILOVER');
    await eventually(
      '4b is the primary',
      async () => (await stage.cluster.memberOf('s4', 'primary')) === '4b',
    );
    const merge = await stage.repository.merge(removes);
    service = await stage.reconciler();
    await stage.statusIs(merge, 'redisforge/apply', /Held/);
    await stage.commentSays(removes, /To let the plan of now run/);
    expect(await stage.cluster.countIntact(KEYS)).toBe(KEYS);
    expect(await stage.cluster.memberOf('s4', 'primary')).toBe('4b');

    // Somebody who may not write is refused; somebody who may says which plan.
    const afresh = /approve (p_[0-9a-f]{12})/.exec(stage.comment(removes))?.[1];
    expect(afresh).not.toBe(id);
    stage.repository.comment(removes, 'mallory', `/redisforge approve ${afresh}`);
    stage.repository.comment(removes, 'bob', `/redisforge approve ${afresh}`);
    await applied(merge);
    await stage.commentSays(removes, /✅.*steps? done/);
    expect(await stage.cluster.countIntact(KEYS)).toBe(KEYS);
    expect(await containers()).toBe(6);
  });

  it('a revert is a pull request like any other', async () => {
    stage.cluster.edit((document) => {
      delete document.redis.config['maxmemory-policy'];
    });
    const number = await stage.open('revert', 'Revert "Evict the least recently used"');
    await stage.statusIs(stage.head(number), 'redisforge/plan', /^success/);
    const merge = await stage.repository.merge(number, 'ada', 'squash');
    await applied(merge);
    expect(await policy()).toBe('noeviction');
  });

  it('a spec that is not valid is red, with its problems on the lines where an App may say so', async () => {
    const text = stage.cluster.specText().replace('"shard"', '"shrad"');
    const files = { 'cluster.yaml': text };
    const number = await stage.repository.open({
      branch: 'mistake',
      title: 'A mistake',
      author: 'ada',
      files,
    });
    const head = stage.head(number);
    await stage.statusIs(head, 'redisforge/plan', /^failure: .*Invalid spec/);
    await stage.commentSays(number, /shrad/);
    if (as === 'app') {
      await eventually('a check run', () => stage.check(head)?.conclusion === 'failure');
      const line = text.split('\n').findIndex((each) => each.includes('"shrad"')) + 1;
      expect(stage.check(head)?.annotations.map(({ start_line }) => start_line)).toContain(line);
    } else expect(stage.check(head)).toBeUndefined();
    stage.repository.closeUnmerged(number);
  });

  it('people help themselves by commands, and a pause holds what was merged until it is over', async () => {
    stage.cluster.edit((document) => {
      document.redis.config['maxmemory-policy'] = 'allkeys-lfu';
    });
    const number = await stage.open('pause', 'Evict the least frequently used');
    const step = `configure:${stage.cluster.node('1a')}:maxmemory-policy=allkeys-lfu`;
    await stage.statusIs(stage.head(number), 'redisforge/plan', /^success/);
    for (const command of ['help', `explain ${step}`, 'pause 1h somebody looks', 'dance'])
      stage.repository.comment(number, 'bob', `/redisforge ${command}`);
    const answers = [
      /Commands stand in the first line/,
      /CONFIG SET/,
      /paused until/,
      /Not carried out: `\/redisforge dance/,
    ];
    for (const words of answers)
      await eventually(`an answer ${words}`, () => words.test(stage.said(number)), 60_000);
    const merge = await stage.repository.merge(number);
    await stage.statusIs(merge, 'redisforge/apply', /paused/);
    expect(await policy()).toBe('noeviction');
    stage.repository.comment(number, 'bob', '/redisforge resume');
    await applied(merge);
    expect(await policy()).toBe('allkeys-lfu');
  });

  it('a change that fails turns its merge red and opens one issue, which its revert closes', async () => {
    const { image } = stage.cluster.spec.redis;
    const change = (to: string) =>
      stage.cluster.edit(({ redis }) => {
        redis.image = to;
        redis.version = '8.6.3';
      });
    change(`${stage.cluster.name}.invalid/redis:8.6.3`);
    const number = await stage.open('elsewhere', 'Another registry');
    await stage.statusIs(stage.head(number), 'redisforge/plan', /^success/);
    const merge = await stage.repository.merge(number);
    await stage.statusIs(merge, 'redisforge/apply', /^failure/);
    await stage.commentSays(number, /git revert/);
    await eventually('an issue', () => stage.openIssues().length === 1, 60_000);
    change(image);
    const back = await stage.open('back', 'Revert "Another registry"');
    await stage.statusIs(stage.head(back), 'redisforge/plan', /^success/);
    await applied(await stage.repository.merge(back));
    await eventually('the issue is closed', () => stage.openIssues().length === 0, 60_000);
    expect(await stage.cluster.countIntact(KEYS)).toBe(KEYS);
  });

  it('what came onto the branch without a pull request is held', async () => {
    stage.cluster.edit((document) => {
      document.redis.config['maxmemory-policy'] = 'volatile-ttl';
    });
    const commit = await stage.repository.push('main', { 'cluster.yaml': stage.cluster.specText() });
    await stage.statusIs(commit, 'redisforge/apply', /Held/);
    // GitHub gets a minute to know of a pull request; waiting for that once is enough.
    if (api === '') {
      await eventually('an issue says so', () => stage.openIssues().length > 0, 120_000);
      expect(stage.openIssues()).toEqual(['A spec was changed without a pull request']);
    }
    expect(await policy()).toBe('allkeys-lfu');
  });

  it('a second reconciler on the same state acts on nothing, and says why', async () => {
    const writes = stage.github.writes();
    const second = await stage.reconciler();
    await eventually('it says why', () => second.log.some((line) => /redisforge run on/.test(line)), 60_000);
    expect(second.isOver).toBe(false);
    await second.stop();
    expect(stage.github.writes() - writes).toBeLessThanOrEqual(1);
  });

  it('everything that was asked and answered is as GitHub describes it', () => {
    expect(stage.github.contractErrors).toEqual([]);
  });

  it('no secret was in anything that was said, served, or given to another program', async () => {
    const emitted = [stage.emitted(), await stage.served(), commandLines.text].join('\n');
    // It is all there: a plan, a step in the log, a status, a number, a call of git.
    for (const words of ['cannot be undone', 'migrate-slots', 'redisforge/apply', 'redisforge_', 'git '])
      expect(emitted).toContain(words);
    for (const secret of stage.secrets) expect(emitted).not.toContain(secret);
  });
});
