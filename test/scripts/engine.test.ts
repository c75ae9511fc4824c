import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contextHost, forgetDeadProcess } from '../../scripts/engine.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'redisforge-engine-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a pid file of the engine', () => {
  function pidFile(content: string) {
    const file = join(folder, 'docker.pid');
    writeFileSync(file, content);
    return file;
  }
  function runningProcess(pid: number, ...words: string[]) {
    mkdirSync(join(folder, 'proc', String(pid)), { recursive: true });
    writeFileSync(join(folder, 'proc', String(pid), 'cmdline'), words.map((word) => `${word}\0`).join(''));
  }
  const proc = () => join(folder, 'proc');

  it('is kept while that engine lives', () => {
    const file = pidFile('412\n');
    runningProcess(412, '/usr/sbin/dockerd', '--debug');
    expect(forgetDeadProcess(file, 'dockerd', proc())).toBe(false);
    expect(existsSync(file)).toBe(true);
  });

  it('is removed when the process is gone', () => {
    const file = pidFile('412');
    expect(forgetDeadProcess(file, 'dockerd', proc())).toBe(true);
    expect(existsSync(file)).toBe(false);
  });

  it('is removed when another program has got the number since', () => {
    const file = pidFile('412');
    runningProcess(412, 'node', 'dockerd');
    expect(forgetDeadProcess(file, 'dockerd', proc())).toBe(true);
    expect(existsSync(file)).toBe(false);
  });

  it('is removed when it holds no number, as after a full disk', () => {
    const file = pidFile('');
    writeFileSync(join(folder, 'cmdline'), 'dockerd\0');
    expect(forgetDeadProcess(file, 'dockerd', folder)).toBe(true);
    expect(existsSync(file)).toBe(false);
  });

  it('need not exist', () => {
    expect(forgetDeadProcess(join(folder, 'none.pid'), 'dockerd', proc())).toBe(true);
  });
});

describe('the current Docker context', () => {
  it('gives the address of the engine that was chosen', () => {
    const id = createHash('sha256').update('colima').digest('hex');
    mkdirSync(join(folder, 'contexts/meta', id), { recursive: true });
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ currentContext: 'colima' }));
    writeFileSync(
      join(folder, 'contexts/meta', id, 'meta.json'),
      JSON.stringify({
        Name: 'colima',
        Endpoints: { docker: { Host: 'unix:///home/u/.colima/docker.sock' } },
      }),
    );
    expect(contextHost(folder)).toBe('unix:///home/u/.colima/docker.sock');
  });

  it('is nothing when the default one is chosen, the settings are missing, or the context is gone', () => {
    expect(contextHost(folder)).toBeUndefined();
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ currentContext: 'default' }));
    expect(contextHost(folder)).toBeUndefined();
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ currentContext: 'gone' }));
    expect(contextHost(folder)).toBeUndefined();
  });
});
