import { describe, expect, test } from 'vitest';
import { parseDuration } from '../../reconciler/app/setting-reader.ts';
import { SETTING_TABLE, settingsHelp } from '../../reconciler/app/setting-table.ts';
import {
  isDebugging,
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

  describe('of the forge', () => {
    const forge = (environment: Record<string, string>, flags: Record<string, unknown> = {}) =>
      readRunSettings(from(environment, flags)).forge;
    const TOKEN = { kind: 'token', token: { env: 'REDISFORGE_GITHUB_TOKEN' } };

    test.each([
      ['/specs', {}, { kind: 'local' }],
      ['https://git.example.com/ops/clusters.git', {}, { kind: 'local' }],
      ['https://git.example.com/ops/clusters.git', { REDISFORGE_FORGE: 'none' }, { kind: 'none' }],
      [
        'https://github.com/Acme/clusters.git',
        { REDISFORGE_GITHUB_TOKEN: 't' },
        {
          kind: 'github',
          apiUrl: 'https://api.github.com',
          owner: 'Acme',
          repository: 'clusters',
          identity: TOKEN,
        },
      ],
      [
        'git@github.com:acme/clusters.git',
        { REDISFORGE_GITHUB_TOKEN_FILE: 'token' },
        {
          kind: 'github',
          owner: 'acme',
          repository: 'clusters',
          identity: { kind: 'token', token: { file: 'token' } },
        },
      ],
      [
        'https://github.com/acme/clusters',
        { REDISFORGE_REPOSITORY_TOKEN: 't' },
        { kind: 'github', identity: { kind: 'token', token: { env: 'REDISFORGE_REPOSITORY_TOKEN' } } },
      ],
      [
        'ssh://git@git.example.com:2222/acme/clusters.git',
        { REDISFORGE_GITHUB_TOKEN: 't' },
        { kind: 'github', apiUrl: 'https://git.example.com/api/v3', owner: 'acme', repository: 'clusters' },
      ],
      [
        'http://127.0.0.1:8000/acme/clusters.git',
        { REDISFORGE_GITHUB_API_URL: 'http://127.0.0.1:8000/api/v3/', REDISFORGE_GITHUB_TOKEN: 't' },
        { kind: 'github', apiUrl: 'http://127.0.0.1:8000/api/v3', owner: 'acme', repository: 'clusters' },
      ],
      [
        'https://github.com/acme/clusters.git',
        {
          REDISFORGE_GITHUB_APP_ID: '7',
          REDISFORGE_GITHUB_APP_KEY_FILE: 'app.pem',
          REDISFORGE_GITHUB_APP_INSTALLATION: '42',
        },
        { kind: 'github', identity: { kind: 'app', id: 7, key: { file: 'app.pem' }, installation: 42 } },
      ],
    ])('at %s with %j', (repository, environment, expected) => {
      expect(forge({ REDISFORGE_REPOSITORY: repository, ...environment })).toMatchObject(expected);
    });

    test.each([
      [
        { REDISFORGE_REPOSITORY: 'https://github.com/a/b.git' },
        /GITHUB_TOKEN_FILE or REDISFORGE_GITHUB_APP_ID must be set/,
      ],
      [
        { REDISFORGE_REPOSITORY: '/specs', REDISFORGE_GITHUB_TOKEN: 't' },
        /is github, but the repository is not/,
      ],
      [
        {
          REDISFORGE_REPOSITORY: 'https://github.com/a/b',
          REDISFORGE_GITHUB_APP_ID: '7',
          REDISFORGE_GITHUB_TOKEN: 't',
        },
        /both set[\s\S]*KEY_FILE must be set too/,
      ],
    ])('%j is refused', (environment, message) => {
      expect(() => forge(environment)).toThrow(message);
    });

    test('and of notifications and webhooks are places of secrets, never the secrets', () => {
      const settings = readRunSettings(
        from({
          REDISFORGE_REPOSITORY: '/r',
          REDISFORGE_WEBHOOK_SECRET: 'hunter2',
          REDISFORGE_DISCORD_WEBHOOK_FILE: 'discord',
          REDISFORGE_SLACK_WEBHOOK: 'https://hooks.example.com/hunter2',
        }),
      );
      expect(settings.webhookSecret).toEqual({ env: 'REDISFORGE_WEBHOOK_SECRET' });
      expect(settings.notifications).toEqual({
        discord: { file: 'discord' },
        slack: { env: 'REDISFORGE_SLACK_WEBHOOK' },
        slackBot: undefined,
      });
      const bot = { REDISFORGE_REPOSITORY: '/r', REDISFORGE_SLACK_TOKEN_FILE: 'slack' };
      expect(() => readRunSettings(from(bot))).toThrow(/SLACK_CHANNEL must be set too/);
      const channel = { ...bot, REDISFORGE_SLACK_CHANNEL: 'C1' };
      expect(readRunSettings(from(channel)).notifications.slackBot).toEqual({
        token: { file: 'slack' },
        channel: 'C1',
      });
      expect(JSON.stringify({ ...settings, environment: undefined })).not.toContain('hunter2');
    });
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
