/** One setting after the other, from flags and environment; what is wrong is collected and told at once. */
import type { SecretRef } from '../../spec-schema/cluster-spec.ts';
import { Refusal } from './exit-codes.ts';
import { SETTING_TABLE, type SettingName } from './setting-table.ts';

/** Where settings come from; a test gives its own. */
export interface SettingSources {
  /** As commander gives them: `stateDir`, `debug`, … */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
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
export class SettingReader {
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

  /** Where a secret is: the file that a setting names, or the environment variable of another one itself. */
  secret(file: SettingName, value: SettingName): SecretRef | undefined {
    const path = this.text(file);
    if (path !== undefined) return { file: path };
    return this.text(value) === undefined ? undefined : { env: SETTING_TABLE[value].env };
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
