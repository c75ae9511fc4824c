/** What is kept on disk: documents, leases, secrets. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SystemClock } from '../../reconciler/adapters/state/clock.ts';
import { FileLeases } from '../../reconciler/adapters/state/file-leases.ts';
import { FileStateStore } from '../../reconciler/adapters/state/file-store.ts';
import { LocalSecrets } from '../../reconciler/adapters/state/secrets.ts';
import type { PortError } from '../../reconciler/ports.ts';

let folder: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rf-state-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

/** Runs a module text in a process of its own; what it prints comes line by line. */
function inProcess(text: string): { child: ChildProcess; lines: AsyncIterator<string> } {
  const module = (path: string) =>
    JSON.stringify(new URL(`../../reconciler/adapters/state/${path}`, import.meta.url).href);
  const source = text.replace(/from '(\w[\w-]*\.ts)'/g, (_, path: string) => `from ${module(path)}`);
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines = (async function* () {
    let rest = '';
    for await (const chunk of child.stdout ?? []) {
      const parts = (rest + String(chunk)).split('\n');
      rest = parts.pop() ?? '';
      yield* parts;
    }
  })();
  return { child, lines };
}

async function failure(work: Promise<unknown>): Promise<PortError> {
  return work.then(
    () => expect.fail('was accepted'),
    (error: PortError) => error,
  );
}

describe('the state store', () => {
  it('gives back what was written, and undefined for what never was', async () => {
    const store = new FileStateStore(join(folder, 'deep', 'state'));
    expect(await store.read('last-good/orders')).toBeUndefined();
    await store.write('last-good/orders', 'one');
    await store.write('last-good/orders', 'two');
    expect(await store.read('last-good/orders')).toBe('two');
  });

  it('appends lines in the order of the calls', async () => {
    const store = new FileStateStore(folder);
    const lines = Array.from({ length: 50 }, (_, index) => `line ${index}`);
    await Promise.all(lines.map((line) => store.append('journal', line)));
    expect(await store.read('journal')).toBe(`${lines.join('\n')}\n`);
  });

  it('keeps a line that a crash has torn apart from the next one', async () => {
    await writeFile(join(folder, 'journal'), '{"whole":1}\n{"torn":');
    const store = new FileStateStore(folder);
    await store.append('journal', '{"next":1}');
    expect(await store.read('journal')).toBe('{"whole":1}\n{"torn":\n{"next":1}\n');
  });

  it('never leaves its folder, whatever the key', async () => {
    const inner = join(folder, 'inner');
    const store = new FileStateStore(inner);
    for (const key of ['../outside', 'a/../../outside', '.hidden', 'ü ?*:']) await store.write(key, key);
    expect(await readdir(folder)).toEqual(['inner']);
    expect(await store.read('../outside')).toBe('../outside');
    expect(await store.read('ü ?*:')).toBe('ü ?*:');
  });

  it('survives SIGKILL at any moment with the old or the new content whole', async () => {
    const text = `
      import { FileStateStore } from 'file-store.ts';
      const store = new FileStateStore(${JSON.stringify(folder)});
      console.log('ready');
      for (let round = 0; ; round += 1) {
        await store.write('document', JSON.stringify({ round, filler: 'x'.repeat(200000), end: round }));
        await store.append('journal', JSON.stringify({ round }));
      }`;
    for (let kill = 0; kill < 8; kill += 1) {
      const { child, lines } = inProcess(text);
      await lines.next();
      const before = await new FileStateStore(folder).read('journal');
      await until(async () => (await new FileStateStore(folder).read('journal')) !== before);
      const delay = Math.random() * 30;
      setTimeout(() => child.kill('SIGKILL'), delay);
      await once(child, 'exit');
      const document = JSON.parse((await new FileStateStore(folder).read('document')) ?? '') as {
        round: number;
        end: number;
      };
      expect(document.end, `killed after ${delay} ms`).toBe(document.round);
    }
  });
});

describe('a lease', () => {
  const clock = new SystemClock();

  it('is held by one at a time, and names the holder', async () => {
    const leases = new FileLeases(folder, clock);
    const lease = await leases.acquire('orders', 'first');
    const error = await failure(leases.acquire('orders', 'second'));
    expect(error).toMatchObject({ code: 'conflict', retry: 'soon' });
    expect(error.message).toContain('first');
    await (await leases.acquire('other', 'second')).release();
    await lease.release();
    const next = await leases.acquire('orders', 'second');
    expect(next.epoch).toBe(lease.epoch + 1);
    await next.release();
  });

  it('is refused while another process lives, and taken over with the next epoch once it is killed', async () => {
    const { child, lines } = inProcess(`
      import { FileLeases } from 'file-leases.ts';
      import { SystemClock } from 'clock.ts';
      const lease = await new FileLeases(${JSON.stringify(folder)}, new SystemClock()).acquire('orders', 'the other');
      console.log(lease.epoch);
      setInterval(() => {}, 1000);`);
    const epoch = Number((await lines.next()).value);
    const leases = new FileLeases(folder, clock);
    expect((await failure(leases.acquire('orders', 'me'))).message).toContain(
      `the other (process ${child.pid}`,
    );
    child.kill('SIGKILL');
    await once(child, 'exit');
    const lease = await leases.acquire('orders', 'me');
    expect(lease.epoch).toBe(epoch + 1);
    await lease.release();
  });

  it('goes to exactly one of many processes that want it at the same moment, round after round', async () => {
    const text = `
      import { FileLeases } from 'file-leases.ts';
      import { SystemClock } from 'clock.ts';
      import { appendFileSync } from 'node:fs';
      const leases = new FileLeases(${JSON.stringify(folder)}, new SystemClock());
      let won = 0;
      while (won < 30) {
        try {
          const lease = await leases.acquire('orders', String(process.pid));
          appendFileSync(${JSON.stringify(join(folder, 'log'))}, 'enter ' + lease.epoch + '\\nleave ' + lease.epoch + '\\n');
          won += 1;
          await lease.release();
        } catch (error) {
          if (error.code !== 'conflict') throw error;
        }
      }
      console.log('done');`;
    const contenders = [inProcess(text), inProcess(text), inProcess(text)];
    const ends = await Promise.all(contenders.map(async ({ lines }) => (await lines.next()).value));
    expect(ends).toEqual(['done', 'done', 'done']);
    const log = (await readFile(join(folder, 'log'), 'utf8')).trimEnd().split('\n');
    const epochs = log.filter((line) => line.startsWith('enter')).map((line) => Number(line.slice(6)));
    expect(epochs).toEqual(Array.from({ length: 90 }, (_, index) => index + 1));
    expect(log.filter((line) => line.startsWith('leave'))).toHaveLength(90);
  });

  it('of a container or machine that cannot be looked at is free once its heartbeat is old', async () => {
    const foreign = {
      host: 'elsewhere',
      boot: 'b',
      namespace: 'n',
      pid: 1,
      started: '1',
      holder: 'far away',
      released: false,
    };
    await writeFile(join(folder, 'orders.7'), JSON.stringify(foreign));
    const leases = new FileLeases(folder, clock);
    expect(await failure(leases.acquire('orders', 'me'))).toMatchObject({ code: 'conflict' });
    const later = { now: () => Date.now() + 20_000, sleep: clock.sleep };
    const lease = await new FileLeases(folder, later).acquire('orders', 'me');
    expect(lease.epoch).toBe(8);
    await lease.release();
  });

  it('tells its holder when another has taken it', async () => {
    const leases = new FileLeases(folder, clock, { heartbeatMs: 10, staleMs: 10_000 });
    const lease = await leases.acquire('orders', 'me');
    await writeFile(join(folder, `orders.${lease.epoch + 1}`), '{}');
    await aborted(lease.lost);
    await lease.release();
    expect(await readFile(join(folder, `orders.${lease.epoch + 1}`), 'utf8')).toBe('{}');
  });

  it('tells its holder when it could not be renewed in time', async () => {
    let skip = 0;
    const slow = { now: () => Date.now() + skip, sleep: clock.sleep };
    const lease = await new FileLeases(folder, slow, { heartbeatMs: 10, staleMs: 10_000 }).acquire(
      'orders',
      'me',
    );
    skip = 6_000;
    await aborted(lease.lost);
    await lease.release();
  });

  it('keeps its epoch when its holder renews it', async () => {
    const leases = new FileLeases(folder, clock, { heartbeatMs: 5, staleMs: 10_000 });
    const lease = await leases.acquire('orders', 'me');
    await until(async () => (await readdir(folder)).includes(`orders.${lease.epoch}`));
    expect(lease.lost.aborted).toBe(false);
    await lease.release();
  });
});

describe('secrets', () => {
  const secrets = () =>
    new LocalSecrets({ directory: folder, environment: { SET: 'from-environment', EMPTY: '' } });

  async function file(name: string, content: string, mode = 0o600): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, content);
    await chmod(path, mode);
    return path;
  }

  it('come from files below the folder, from absolute paths and from the environment', async () => {
    const path = await file('password', 'pa ss\n');
    expect((await secrets().read({ file: 'password' })).reveal()).toBe('pa ss');
    expect((await secrets().read({ file: path })).reveal()).toBe('pa ss');
    expect((await secrets().read({ env: 'SET' })).reveal()).toBe('from-environment');
  });

  it('lose one line end and nothing else', async () => {
    await file('password', ' two\r\n\r\n');
    expect((await secrets().read({ file: 'password' })).reveal()).toBe(' two\r\n');
  });

  it.each([
    ['a file that others can read', { file: 'open' }, 'chmod 600'],
    ['a file that does not exist', { file: 'missing' }, 'does not exist'],
    ['an empty file', { file: 'empty' }, 'is empty'],
    ['a file outside of the folder', { file: '../outside' }, 'lies outside'],
    ['a folder', { file: 'folder' }, 'cannot be read'],
    ['an unset variable', { env: 'UNSET' }, 'is not set'],
    ['an empty variable', { env: 'EMPTY' }, 'is empty'],
  ])('are refused: %s', async (_, ref, hint) => {
    await file('open', 'value-of-it', 0o640);
    await file('empty', '\n');
    await mkdir(join(folder, 'folder'), { mode: 0o700 });
    const error = await failure(secrets().read(ref));
    expect(error.code).toBe('secret');
    expect(error.message).toContain(hint);
    expect(error.message).not.toContain('value-of-it');
  });

  it('behind a symbolic link are judged by the file that it leads to', async () => {
    await symlink(await file('open', 'value', 0o644), join(folder, 'link'));
    expect(await failure(secrets().read({ file: 'link' }))).toMatchObject({ code: 'secret' });
  });
});

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('not within 20 s');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
