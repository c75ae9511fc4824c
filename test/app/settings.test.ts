import { describe, expect, test } from 'vitest';
import { SETTING_TABLE, settingsHelp } from '../../reconciler/app/setting-table.ts';
import {
  isDebugging,
  parseDuration,
  readRunSettings,
  readSettings,
  streamAbilities,
} from '../../reconciler/app/settings.ts';

const from = (environment: Record<string, string>, flags: Record<string, unknown> = {}) => ({
  environment,
  flags,
  cwd: '/home/me',
});

describe('settings', () => {
  test('have defaults', () => {
    expect(readRunSettings(from({ REDISFORGE_REPOSITORY: '../specs' }))).toMatchObject({
      stateDir: '/home/me/.redisforge',
      secretsDir: '/home/me/.redisforge/secrets',
      repository: '/home/specs',
      branch: 'main',
      pollMs: 30_000,
      driftMs: 30_000,
      listen: { address: '127.0.0.1', port: 8080 },
      logLevel: 'info',
      logFormat: 'auto',
      debug: false,
      access: undefined,
    });
  });

  test('from flags win over the environment', () => {
    const settings = readSettings(from({ REDISFORGE_STATE_DIR: '/a' }, { stateDir: '/b' }));
    expect(settings).toMatchObject({ stateDir: '/b', secretsDir: '/b/secrets' });
  });

  test('that are empty count as not set', () => {
    expect(readSettings(from({ REDISFORGE_STATE_DIR: '' })).stateDir).toBe('/home/me/.redisforge');
  });

  test('that are wrong are all told at once', () => {
    const wrong = from({
      REDISFORGE_POLL_INTERVAL: 'often',
      REDISFORGE_DRIFT_INTERVAL: '1ms',
      REDISFORGE_PORT: '70000',
      REDISFORGE_LOG_LEVEL: 'loud',
      REDISFORGE_REPOSITORY_SSH_KEY: 'key',
    });
    expect(() => readRunSettings(wrong)).toThrow(
      /REPOSITORY is not set[\s\S]*KNOWN_HOSTS must be set too[\s\S]*POLL_INTERVAL must be[\s\S]*DRIFT_INTERVAL must be[\s\S]*PORT must be[\s\S]*LOG_LEVEL must be one of/,
    );
  });

  test.each(['https://git.example.com/a.git', 'ssh://git@example.com/a', 'git@example.com:a.git'])(
    'leave the repository %s as it is',
    (url) => expect(readRunSettings(from({ REDISFORGE_REPOSITORY: url })).repository).toBe(url),
  );

  test('name where the token is, never the token', () => {
    const token = readRunSettings(
      from({ REDISFORGE_REPOSITORY: '/r', REDISFORGE_REPOSITORY_TOKEN: 'hunter2' }),
    );
    expect(token.access).toEqual({ kind: 'token', token: { env: 'REDISFORGE_REPOSITORY_TOKEN' } });
    const file = readRunSettings(
      from({ REDISFORGE_REPOSITORY: '/r', REDISFORGE_REPOSITORY_TOKEN_FILE: 'token' }),
    );
    expect(file.access).toEqual({ kind: 'token', token: { file: 'token' } });
  });

  test('serve nothing when the port is off', () => {
    expect(
      readRunSettings(from({ REDISFORGE_REPOSITORY: '/r', REDISFORGE_PORT: 'off' })).listen,
    ).toBeUndefined();
  });

  test('are all in the help, with their defaults', () => {
    const help = settingsHelp('run');
    for (const { env, fallback } of Object.values(SETTING_TABLE)) {
      expect(help).toContain(env);
      expect(help).toContain(fallback);
    }
    expect(settingsHelp('all')).not.toContain('REDISFORGE_PORT');
  });
});

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['30', 30_000],
  ['1.5m', 90_000],
  ['2h', 7_200_000],
  ['', undefined],
  ['-1s', undefined],
  ['3 days', undefined],
])('%j is a duration of %s ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

describe('colours', () => {
  test.each([
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [false, { FORCE_COLOR: '1' }, true],
    [true, { FORCE_COLOR: '0' }, false],
    [true, { TERM: 'dumb' }, false],
  ])('on a terminal (%s) with %j: %s', (isTerminal, environment, colour) => {
    expect(streamAbilities(isTerminal, environment).colour).toBe(colour);
  });

  test('do not make a pipe live', () =>
    expect(streamAbilities(false, { FORCE_COLOR: '1' }).live).toBe(false));
});

test('debugging is asked for by flag or environment', () => {
  expect([
    isDebugging(['plan', '--debug'], {}),
    isDebugging([], { REDISFORGE_DEBUG: '1' }),
    isDebugging([], {}),
  ]).toEqual([true, true, false]);
});
