import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSecretFile } from '../../reconciler/app/secret-files.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'redisforge-secrets-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('a new secret is random and readable by its owner alone', async () => {
  expect(await createSecretFile(folder, 'a/b/password', true)).toBe('created');
  expect(await createSecretFile(folder, 'other', true)).toBe('created');
  const path = join(folder, 'a/b/password');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(join(folder, 'a'))).mode & 0o777).toBe(0o700);
  const value = await readFile(path, 'utf8');
  expect(value).toMatch(/^[\w-]{32}\n$/);
  expect(value).not.toBe(await readFile(join(folder, 'other'), 'utf8'));
});

test('what exists stays as it is', async () => {
  await writeFile(join(folder, 'password'), 'mine');
  expect(await createSecretFile(folder, 'password', true)).toBe('kept');
  expect(await readFile(join(folder, 'password'), 'utf8')).toBe('mine');
});

test('of two at once one makes it, and both see the same', async () => {
  const results = await Promise.all(
    Array.from({ length: 8 }, () => createSecretFile(folder, 'password', true)),
  );
  expect(results.filter((result) => result === 'created')).toHaveLength(1);
});

test('keys and certificates are not made up', async () => {
  expect(await createSecretFile(folder, 'ssh-key', false)).toBe('missing');
});

test('nothing is written outside of the folder', async () => {
  await expect(createSecretFile(folder, '../outside', true)).rejects.toThrow('lies outside');
  await mkdir(join(folder, 'secrets'));
  await symlink('/tmp', join(folder, 'secrets', 'way-out'));
  await expect(createSecretFile(join(folder, 'secrets'), 'way-out/x', true)).rejects.toThrow('is a link');
});

test('an empty file is told, not filled', async () => {
  await writeFile(join(folder, 'password'), '');
  await expect(createSecretFile(folder, 'password', true)).rejects.toThrow('is empty');
});
