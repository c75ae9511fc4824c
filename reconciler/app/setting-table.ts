/** Every setting of RedisForge: environment variable, flag, default and meaning. Help texts are made from it. */

export interface SettingDefinition {
  readonly env: string;
  /** Flag as commander wants it; none where only the environment makes sense. */
  readonly flag?: string;
  /** The default in words. */
  readonly fallback: string;
  readonly meaning: string;
  /** `all`: every command that looks at a cluster. `run`: the long-running reconciler alone. */
  readonly scope: 'all' | 'run';
}

export const SETTING_TABLE = {
  stateDir: {
    env: 'REDISFORGE_STATE_DIR',
    flag: '--state-dir <folder>',
    fallback: '.redisforge',
    meaning: 'folder for leases, journal, last good specs and the Git mirror',
    scope: 'all',
  },
  secretsDir: {
    env: 'REDISFORGE_SECRETS_DIR',
    flag: '--secrets-dir <folder>',
    fallback: '<state>/secrets',
    meaning: 'folder that `{ file: … }` references of a spec start from',
    scope: 'all',
  },
  debug: {
    env: 'REDISFORGE_DEBUG',
    flag: '--debug',
    fallback: 'off',
    meaning: 'show where in the program an error came from',
    scope: 'all',
  },
  repository: {
    env: 'REDISFORGE_REPOSITORY',
    flag: '--repository <url>',
    fallback: 'none, it must be set',
    meaning: 'Git repository with the specs: a path, or a URL with file, https or ssh',
    scope: 'run',
  },
  branch: {
    env: 'REDISFORGE_BRANCH',
    flag: '--branch <name>',
    fallback: 'main',
    meaning: 'branch that is followed',
    scope: 'run',
  },
  repositoryToken: {
    env: 'REDISFORGE_REPOSITORY_TOKEN',
    fallback: 'none',
    meaning: 'access token for a repository that is reached over https',
    scope: 'run',
  },
  repositoryTokenFile: {
    env: 'REDISFORGE_REPOSITORY_TOKEN_FILE',
    fallback: 'none',
    meaning: 'file that holds that token; relative to the folder of secrets',
    scope: 'run',
  },
  sshKey: {
    env: 'REDISFORGE_REPOSITORY_SSH_KEY',
    fallback: 'none',
    meaning: 'private key file for a repository that is reached over ssh',
    scope: 'run',
  },
  knownHosts: {
    env: 'REDISFORGE_REPOSITORY_KNOWN_HOSTS',
    fallback: 'none',
    meaning: "file with that server's host key; needed with the key",
    scope: 'run',
  },
  forge: {
    env: 'REDISFORGE_FORGE',
    flag: '--forge <kind>',
    fallback: 'github for a repository there, otherwise local',
    meaning:
      'where changes are proposed: github, local (branches and Git notes) or none (the branch is followed as it is)',
    scope: 'run',
  },
  githubToken: {
    env: 'REDISFORGE_GITHUB_TOKEN',
    fallback: 'the token of the repository',
    meaning: 'access token for the API of GitHub',
    scope: 'run',
  },
  githubTokenFile: {
    env: 'REDISFORGE_GITHUB_TOKEN_FILE',
    fallback: 'none',
    meaning: 'file that holds that token; relative to the folder of secrets',
    scope: 'run',
  },
  githubApp: {
    env: 'REDISFORGE_GITHUB_APP_ID',
    fallback: 'none',
    meaning: 'id of a GitHub App to act as, instead of a token',
    scope: 'run',
  },
  githubAppKey: {
    env: 'REDISFORGE_GITHUB_APP_KEY_FILE',
    fallback: 'none',
    meaning: 'private key file of that App; relative to the folder of secrets',
    scope: 'run',
  },
  githubInstallation: {
    env: 'REDISFORGE_GITHUB_APP_INSTALLATION',
    fallback: 'the one that the repository has',
    meaning: 'id of the installation of that App',
    scope: 'run',
  },
  githubApi: {
    env: 'REDISFORGE_GITHUB_API_URL',
    fallback: 'https://api.github.com, elsewhere https://HOST/api/v3',
    meaning: 'API of GitHub Enterprise Server',
    scope: 'run',
  },
  webhookSecret: {
    env: 'REDISFORGE_WEBHOOK_SECRET',
    fallback: 'none: webhooks are not listened to',
    meaning: 'secret of the webhook that calls POST /webhook',
    scope: 'run',
  },
  webhookSecretFile: {
    env: 'REDISFORGE_WEBHOOK_SECRET_FILE',
    fallback: 'none',
    meaning: 'file that holds that secret; relative to the folder of secrets',
    scope: 'run',
  },
  publicUrl: {
    env: 'REDISFORGE_PUBLIC_URL',
    flag: '--public-url <url>',
    fallback: 'none: a comment says which command shows what did not fit',
    meaning: 'address under which people reach what is served here, for links to whole plans',
    scope: 'run',
  },
  discordWebhook: {
    env: 'REDISFORGE_DISCORD_WEBHOOK',
    fallback: 'none',
    meaning: 'address of a Discord webhook for notifications',
    scope: 'run',
  },
  discordWebhookFile: {
    env: 'REDISFORGE_DISCORD_WEBHOOK_FILE',
    fallback: 'none',
    meaning: 'file that holds that address; relative to the folder of secrets',
    scope: 'run',
  },
  slackWebhook: {
    env: 'REDISFORGE_SLACK_WEBHOOK',
    fallback: 'none',
    meaning:
      'address of a Slack webhook for notifications; its messages cannot be edited, those of a bot can',
    scope: 'run',
  },
  slackWebhookFile: {
    env: 'REDISFORGE_SLACK_WEBHOOK_FILE',
    fallback: 'none',
    meaning: 'file that holds that address; relative to the folder of secrets',
    scope: 'run',
  },
  slackToken: {
    env: 'REDISFORGE_SLACK_TOKEN',
    fallback: 'none',
    meaning: 'token of a Slack bot (scope chat:write) for notifications',
    scope: 'run',
  },
  slackTokenFile: {
    env: 'REDISFORGE_SLACK_TOKEN_FILE',
    fallback: 'none',
    meaning: 'file that holds that token; relative to the folder of secrets',
    scope: 'run',
  },
  slackChannel: {
    env: 'REDISFORGE_SLACK_CHANNEL',
    fallback: 'none',
    meaning: 'id of the channel that this bot writes to',
    scope: 'run',
  },
  poll: {
    env: 'REDISFORGE_POLL_INTERVAL',
    flag: '--poll <duration>',
    fallback: '30s',
    meaning: 'time between looks at the repository',
    scope: 'run',
  },
  drift: {
    env: 'REDISFORGE_DRIFT_INTERVAL',
    flag: '--drift <duration>',
    fallback: '30s',
    meaning: 'time between looks at a converged cluster; engine events shorten it',
    scope: 'run',
  },
  address: {
    env: 'REDISFORGE_ADDRESS',
    flag: '--address <ip>',
    fallback: '127.0.0.1',
    meaning: 'address on which /healthz, /readyz and /metrics are served',
    scope: 'run',
  },
  port: {
    env: 'REDISFORGE_PORT',
    flag: '--port <number>',
    fallback: '8080',
    meaning: 'port for these; `off` serves nothing',
    scope: 'run',
  },
  logLevel: {
    env: 'REDISFORGE_LOG_LEVEL',
    flag: '--log-level <level>',
    fallback: 'info',
    meaning: 'trace, debug, info, warn, error or fatal',
    scope: 'run',
  },
  logFormat: {
    env: 'REDISFORGE_LOG_FORMAT',
    flag: '--log-format <format>',
    fallback: 'json, on a terminal pretty',
    meaning: 'json or pretty',
    scope: 'run',
  },
} as const satisfies Record<string, SettingDefinition>;

export type SettingName = keyof typeof SETTING_TABLE;

/** Rows for help texts: the settings of a scope, each with its variable, default and meaning. */
export function settingsHelp(scope: SettingDefinition['scope']): string {
  const rows = Object.values(SETTING_TABLE).filter((row) => row.scope === 'all' || scope === 'run');
  const width = Math.max(...rows.map(({ env }) => env.length));
  const lines = rows.map(
    ({ env, meaning, fallback }) => `  ${env.padEnd(width)}  ${meaning} (default: ${fallback})`,
  );
  return [
    'Environment (flags win over it):',
    ...lines,
    `${'  NO_COLOR, FORCE_COLOR'.padEnd(width + 4)}colours off or on`,
  ].join('\n');
}
