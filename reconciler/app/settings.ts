/** From flags and environment to settings: the only place that reads either. Everything wrong is told at once. */
import { resolve } from 'node:path';
import type { SecretRef } from '../../spec-schema/cluster-spec.ts';
import type { GitAccess } from '../adapters/git/remote.ts';
import { type ForgeSettings, readForge } from './forge-settings.ts';
import { SettingReader, type SettingSources } from './setting-reader.ts';

export interface Settings {
  readonly stateDir: string;
  readonly secretsDir: string;
  readonly debug: boolean;
  /** For secret references to it, and for what git needs of it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface RunSettings extends Settings {
  readonly repository: string;
  readonly branch: string;
  readonly access: GitAccess | undefined;
  readonly forge: ForgeSettings;
  /** Webhook addresses that notifications go to; they are secrets. */
  readonly notifications: {
    readonly discord: SecretRef | undefined;
    readonly slack: SecretRef | undefined;
    /** A bot can edit what it has said, a webhook cannot. */
    readonly slackBot: { readonly token: SecretRef; readonly channel: string } | undefined;
  };
  /** Shared with whoever calls `POST /webhook`. */
  readonly webhookSecret: SecretRef | undefined;
  /** Without a slash at its end. */
  readonly publicUrl: string | undefined;
  readonly pollMs: number;
  readonly driftMs: number;
  /** Undefined when nothing is to be served. */
  readonly listen: { readonly address: string; readonly port: number } | undefined;
  readonly logLevel: LogLevel;
  readonly logFormat: 'json' | 'pretty' | 'auto';
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export function processSources(flags: Readonly<Record<string, unknown>>): SettingSources {
  return { flags, environment: process.env, cwd: process.cwd() };
}

/** Whether errors are to be shown with their origin, known before any command has been understood. */
export function isDebugging(
  argv: readonly string[],
  environment: SettingSources['environment'] = process.env,
): boolean {
  return new SettingReader({ flags: { debug: argv.includes('--debug') }, environment, cwd: '' }).isOn(
    'debug',
  );
}

/** What a stream can show: colours when asked for or possible; lines drawn anew only where there is a cursor. */
export function streamAbilities(
  isTerminal: boolean,
  environment: SettingSources['environment'] = process.env,
): { readonly colour: boolean; readonly live: boolean } {
  const live = isTerminal && environment['TERM'] !== 'dumb';
  const force = environment['FORCE_COLOR'];
  if (force !== undefined) return { live, colour: force !== '0' && force !== 'false' };
  return { live, colour: live && (environment['NO_COLOR'] ?? '') === '' };
}

/** @throws Refusal naming every setting that is wrong. */
export function readSettings(sources: SettingSources): Settings {
  const reader = new SettingReader(sources);
  const settings = baseSettings(reader, sources);
  reader.refuse();
  return settings;
}

/** @throws Refusal naming every setting that is wrong or missing. */
export function readRunSettings(sources: SettingSources): RunSettings {
  const reader = new SettingReader(sources);
  const settings = runSettings(reader, sources);
  reader.refuse();
  return settings;
}

function baseSettings(reader: SettingReader, { environment, cwd }: SettingSources): Settings {
  const stateDir = resolve(cwd, reader.text('stateDir') ?? '.redisforge');
  return {
    stateDir,
    secretsDir: resolve(cwd, reader.text('secretsDir') ?? resolve(stateDir, 'secrets')),
    debug: reader.isOn('debug'),
    environment,
  };
}

function runSettings(reader: SettingReader, sources: SettingSources): RunSettings {
  const repository = reader.text('repository');
  if (repository === undefined)
    reader.complain('repository', 'is not set: it names the Git repository with the specs');
  const url = repository === undefined ? '' : repositoryUrl(repository, sources.cwd);
  const access = accessOf(reader, sources);
  return {
    ...baseSettings(reader, sources),
    repository: url,
    branch: reader.text('branch') ?? 'main',
    access,
    forge: readForge(reader, url, access?.kind === 'token' ? access.token : undefined),
    notifications: {
      discord: reader.secret('discordWebhookFile', 'discordWebhook'),
      slack: reader.secret('slackWebhookFile', 'slackWebhook'),
      slackBot: slackBotOf(reader),
    },
    webhookSecret: reader.secret('webhookSecretFile', 'webhookSecret'),
    publicUrl: publicUrlOf(reader),
    pollMs: reader.duration('poll', 30_000),
    driftMs: reader.duration('drift', 30_000),
    listen: listenOf(reader),
    logLevel: reader.choice('logLevel', LOG_LEVELS, 'info'),
    logFormat: reader.choice('logFormat', ['json', 'pretty', 'auto'] as const, 'auto'),
  };
}

/** A path is relative to where RedisForge was started, not to the mirror. */
function repositoryUrl(text: string, cwd: string): string {
  const isUrl = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) || /^[^/\s]+@[^/\s]+:/.test(text);
  return isUrl ? text : resolve(cwd, text);
}

function accessOf(reader: SettingReader, { cwd }: SettingSources): GitAccess | undefined {
  const sshKey = reader.text('sshKey');
  const knownHosts = reader.text('knownHosts');
  if (sshKey !== undefined && knownHosts !== undefined)
    return { kind: 'ssh', identityFile: resolve(cwd, sshKey), knownHostsFile: resolve(cwd, knownHosts) };
  if (sshKey !== undefined)
    reader.complain('knownHosts', 'must be set too: an unknown server is not trusted');
  const token = reader.secret('repositoryTokenFile', 'repositoryToken');
  return token === undefined ? undefined : { kind: 'token', token };
}

function slackBotOf(reader: SettingReader): RunSettings['notifications']['slackBot'] {
  const token = reader.secret('slackTokenFile', 'slackToken');
  const channel = reader.text('slackChannel');
  if (token !== undefined && channel !== undefined) return { token, channel };
  if (token !== undefined)
    reader.complain('slackChannel', 'must be set too: the id of the channel to write to');
  return undefined;
}

function publicUrlOf(reader: SettingReader): string | undefined {
  const text = reader.text('publicUrl');
  if (text === undefined) return undefined;
  if (!/^https?:\/\/[^\s<>?#]+$/.test(text))
    reader.complain('publicUrl', `must be a web address without ? and #, not ${text}`);
  return text.replace(/\/+$/, '');
}

function listenOf(reader: SettingReader): RunSettings['listen'] {
  const text = reader.text('port') ?? '8080';
  if (text === 'off') return undefined;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    reader.complain('port', `must be 0 to 65535 or off, not ${text}`);
  return { address: reader.text('address') ?? '127.0.0.1', port };
}
