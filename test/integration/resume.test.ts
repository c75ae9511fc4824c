/** RedisForge is killed by SIGKILL, again and again, and the next one goes on from where things stand. */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { isWait } from '../../reconciler/steps/table.ts';
import { RealCluster } from '../support/real-cluster.ts';

const SHORT_LIFE = fileURLToPath(import.meta.resolve('../support/short-life.ts'));

interface Life {
  /** `SIGKILL`, or undefined when it ended by itself: then everything is converged. */
  readonly killed: string | undefined;
  readonly steps: readonly string[];
}

let cluster: RealCluster;
beforeEach(async () => {
  cluster = await RealCluster.create({ more: { policies: { canarySoak: 0 } } });
  await writeFile(join(cluster.directory, 'cluster.yaml'), cluster.specText());
});
afterEach(() => cluster?.remove());

/** One process of RedisForge; see `short-life.ts`. */
async function live(moment: string, ms = 0): Promise<Life> {
  const child = spawn(process.execPath, [SHORT_LIFE, cluster.directory, moment, String(ms)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.once('close', (...end) => resolve(end)),
  );
  if (signal !== 'SIGKILL' && code !== 0) throw new Error(`exit code ${code}, signal ${signal}: ${output}`);
  const steps = [...output.matchAll(/^started (\S+)$/gm)].map((match) => cluster.short(match[1] as string));
  return { killed: signal ?? undefined, steps };
}

async function expectWhole(): Promise<void> {
  const run = await cluster.mustRun();
  expect(run.steps).toEqual([]);
  expect(await cluster.anotherPass()).toEqual({ status: 'converged', steps: [], calls: [] });
  const { live: state } = await cluster.observe();
  expect(state).toMatchObject({ serving: 'yes', agreement: 'yes', ghosts: {} });
  const filters = { label: [`dev.redisforge.cluster=${cluster.name}`] };
  expect(await cluster.docker.listContainers({ all: true, filters })).toHaveLength(6);
  expect((await cluster.docker.listVolumes({ filters })).Volumes).toHaveLength(6);
  expect(await cluster.docker.listNetworks({ filters })).toHaveLength(1);
}

/** Lives, each with its moment of death, until one finds nothing left to do. Returns what was begun, by moment. */
async function livesUntilConverged(
  next: (lives: number) => readonly [moment: string, ms?: number],
): Promise<Record<string, string[]>> {
  const begun: Record<string, string[]> = {};
  for (let lives = 0; lives < 200; lives += 1) {
    const [moment, ms] = next(lives);
    const { killed, steps } = await live(moment, ms);
    begun[moment] = [...(begun[moment] ?? []), ...steps];
    if (killed === undefined) return begun;
  }
  throw new Error(`no end: ${JSON.stringify(begun)}`);
}

it('a cluster comes from nothing though RedisForge dies before and after every single step', async () => {
  const { waves } = await cluster.plan();
  const steps = waves
    .flat()
    .filter(({ step }) => !isWait(step))
    .map(({ id }) => cluster.short(id).split(':')[0])
    .sort();
  const { before = [], after = [] } = await livesUntilConverged((lives) => [
    lives % 2 === 0 ? 'before' : 'after',
  ]);
  const taken = Map.groupBy(after, (id) => id.split(':')[0]);
  // Whatever a life was cut off from is done by a later one. Which step comes first in a wave may differ between the
  // two: gossip goes on while nobody looks.
  for (const id of before) expect([...taken.keys()], id).toContain(id.split(':')[0]);
  // A node that is met alone takes a step more than in the plan; none is missing.
  for (const [kind, planned] of Map.groupBy(steps, (kind) => kind))
    expect(taken.get(kind)?.length, kind).toBeGreaterThanOrEqual(planned.length);
  await expectWhole();
});

it('and though it dies at any moment, with steps under way side by side', async () => {
  await livesUntilConverged((lives) => ['any', 600 + ((lives * 130) % 900)]);
  await expectWhole();
});

it('a rolling restart goes on under which RedisForge dies at any moment, and no key is lost', async () => {
  await cluster.mustRun();
  await cluster.fill(20_000);
  cluster.edit((document) => {
    document.redis.config['io-threads'] = 2;
  });
  await writeFile(join(cluster.directory, 'cluster.yaml'), cluster.specText());
  await livesUntilConverged((lives) => ['any', 700 + ((lives * 170) % 900)]);
  await expectWhole();
  expect(await cluster.countIntact(20_000)).toBe(20_000);
  expect(await cluster.asAdmin('1a', 'CONFIG', 'GET', 'io-threads')).toEqual(['io-threads', '2']);
});
