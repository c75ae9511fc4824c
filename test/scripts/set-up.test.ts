import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mirrorIn } from '../../scripts/apt.js';
import { redisFromPackages } from '../../scripts/image-recipes.js';
import { withLock } from '../../scripts/lock.js';
import { digestOfFiles } from '../../scripts/reconciler-image.js';
import { mmdebstrapArguments } from '../../scripts/rootfs.js';
import { chosenProjects, needsEngine } from '../../scripts/tasks.js';

describe('an engine is needed', () => {
  it('for the demo, the benchmark and a whole test run', () => {
    expect(['demo', 'bench', 'test'].map((task) => needsEngine(task, []))).toEqual([true, true, true]);
  });

  it('for tests only if the integration tests are among them', () => {
    expect(needsEngine('test', ['--project', 'unit', '--project=simulation'])).toBe(false);
    expect(needsEngine('test', ['--project=unit', '--project', 'integration'])).toBe(true);
  });

  it('whatever else is on the command line', () => {
    expect(chosenProjects(['a.test.ts', '--project', 'unit', '-t', 'name', '--project'])).toEqual(['unit']);
  });
});

describe("the mirror of Debian's main archive", () => {
  it('is not taken for the security archive, which has other packages', () => {
    const listing = 'Debian-Security\thttp://a.example/security/\nDebian\thttp://b.example/debian/\n';
    expect(mirrorIn(listing)).toBe('http://b.example/debian/');
  });

  it('is unknown where only others publish', () => {
    expect(mirrorIn('Ubuntu\thttp://c.example/ubuntu/\n\t\n')).toBeUndefined();
  });
});

describe('the file tree of an image', () => {
  it('comes from the suites in the order of the recipe', () => {
    const args = mmdebstrapArguments(redisFromPackages, '/tmp/a.tar', 'http://b.example/debian/');
    expect(args.slice(-4)).toEqual([
      'trixie',
      '/tmp/a.tar',
      'deb http://b.example/debian/ trixie main',
      'deb http://b.example/debian/ experimental main',
    ]);
  });
});

describe('a lock', () => {
  const name = `test ${process.pid}`;

  it('lets one in at a time and everybody in the end', async () => {
    let inside = 0;
    let most = 0;
    const visits = Array.from({ length: 20 }, () =>
      withLock(name, async () => {
        inside += 1;
        most = Math.max(most, inside);
        await new Promise((resolve) => setImmediate(resolve));
        inside -= 1;
      }),
    );
    await Promise.all(visits);
    expect(most).toBe(1);
  });

  it('is let go when the work fails', async () => {
    await expect(withLock(name, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await withLock(name, () => Promise.resolve('in'))).toBe('in');
  });
});

describe('the digest of the sources', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'redisforge-digest-test-'));
    mkdirSync(join(folder, 'src/deep'), { recursive: true });
    writeFileSync(join(folder, 'src/a.ts'), 'a');
    writeFileSync(join(folder, 'src/deep/b.ts'), 'b');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('changes with a file in a folder, its name, and nothing else', () => {
    const before = digestOfFiles(folder, ['src']);
    writeFileSync(join(folder, 'unrelated'), 'c');
    expect(digestOfFiles(folder, ['src'])).toBe(before);
    writeFileSync(join(folder, 'src/deep/b.ts'), 'c');
    const changed = digestOfFiles(folder, ['src']);
    expect(changed).not.toBe(before);
    writeFileSync(join(folder, 'src/deep/c.ts'), '');
    expect(digestOfFiles(folder, ['src'])).not.toBe(changed);
  });
});
