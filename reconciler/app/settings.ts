/** From flags and environment to settings: the only place that reads either. Everything wrong is told at once. */
import { resolve } from 'node:path';
import type { GitAccess } from '../adapters/git/remote.ts';
import { Refusal } from './exit-codes.ts';
import { SETTING_TABLE, type SettingName } from './setting-table.ts';

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
  readonly pollMs: number;
  readonly driftMs: number;
  /** Undefined when nothing is to be served. */
  readonly listen: { readonly address: string; readonly port: number } | undefined;
  readonly logLevel: LogLevel;
  readonly logFormat: 'json' | 'pretty' | 'auto';
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Where settings come from; a test gives its own. */
export interface SettingSources {
  /** As commander gives them: `stateDir`, `debug`, … */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

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
  return {
    ...baseSettings(reader, sources),
    repository: repository === undefined ? '' : repositoryUrl(repository, sources.cwd),
    branch: reader.text('branch') ?? 'main',
    access: accessOf(reader, sources),
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
  const file = reader.text('repositoryTokenFile');
  if (file !== undefined) return { kind: 'token', token: { file } };
  if (reader.text('repositoryToken') !== undefined)
    return { kind: 'token', token: { env: SETTING_TABLE.repositoryToken.env } };
  return undefined;
}

function listenOf(reader: SettingReader): RunSettings['listen'] {
  const text = reader.text('port') ?? '8080';
  if (text === 'off') return undefined;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    reader.complain('port', `must be 0 to 65535 or off, not ${text}`);
  return { address: reader.text('address') ?? '127.0.0.1', port };
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const SHORTEST_MS = 100;
const LONGEST_MS = 24 * 3_600_000;

/** Milliseconds of `30s`, `500ms`, `2m`, `1h`, or a bare number of seconds. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)?$/.exec(text.trim());
  return match === null ? undefined : Math.round(Number(match[1]) * (UNITS[match[2] ?? 's'] ?? 1000));
}

/** Looks a setting up, flag before environment, and collects what is wrong. */
class SettingReader {
  readonly #sources: SettingSources;
  readonly #complaints: string[] = [];

  constructor(sources: SettingSources) {
    this.#sources = sources;
  }

  text(name: SettingName): string | undefined {
    const flag = this.#sources.flags[name];
    if (typeof flag === 'string') return flag;
    const value = this.#sources.environment[SETTING_TABLE[name].env];
    return value === undefined || value === '' ? undefined : value;
  }

  isOn(name: SettingName): boolean {
    if (this.#sources.flags[name] === true) return true;
    const value = this.text(name);
    return value !== undefined && !['0', 'false', 'off', 'no'].includes(value.toLowerCase());
  }

  duration(name: SettingName, fallback: number): number {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const ms = parseDuration(text);
    if (ms !== undefined && ms >= SHORTEST_MS && ms <= LONGEST_MS) return ms;
    this.complain(name, `must be a duration from 100ms to 24h, for example 30s or 5m, not ${text}`);
    return fallback;
  }

  choice<T extends string>(name: SettingName, choices: readonly T[], fallback: T): T {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const chosen = choices.find((choice) => choice === text.toLowerCase());
    if (chosen === undefined) this.complain(name, `must be one of ${choices.join(', ')}, not ${text}`);
    return chosen ?? fallback;
  }

  complain(name: SettingName, what: string): void {
    const definition = SETTING_TABLE[name];
    const flag = 'flag' in definition ? `${definition.flag.split(' ')[0]} / ` : '';
    this.#complaints.push(`${flag}${definition.env} ${what}`);
  }

  /** @throws Refusal when there were complaints. */
  refuse(): void {
    if (this.#complaints.length > 0) throw new Refusal(this.#complaints.join('\n'));
  }
}
