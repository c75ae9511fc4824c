import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DIRECTIVES } from '../../spec-schema/directive-table.ts';
import {
  canonicalValue,
  changesLive,
  type Directive,
  findDirective,
  knownIn,
  parseMemory,
  suggestDirective,
  valueSince,
} from '../../spec-schema/directives.ts';
import { runs } from '../support/examples.ts';

type Captured = readonly (readonly [name: string, written: string, printed: string | null])[];
const captured = JSON.parse(
  readFileSync(new URL('../wire/fixtures/config-set.json', import.meta.url), 'utf8'),
) as Captured;

function directive(name: string): Directive {
  const found = findDirective(name);
  if (found === undefined) throw new Error(`no directive ${name}`);
  return found;
}

function reason(name: string, value: string | number | boolean): string {
  const result = canonicalValue(directive(name), value);
  return result.ok ? `accepted: ${result.value}` : result.reason;
}

describe('the table', () => {
  test('names and aliases are unique and in lower case', () => {
    const names = DIRECTIVES.flatMap((row) => [row.name, ...row.aliases]);
    expect(new Set(names).size).toBe(names.length);
    expect(names.every((name) => /^[a-z][a-z0-9_-]+$/.test(name))).toBe(true);
    expect(DIRECTIVES.length).toBe(211);
  });

  test('every default is what the server prints for it', () => {
    for (const row of DIRECTIVES) {
      if (row.type.kind === 'file-only') continue;
      expect([row.name, canonicalValue(row, row.default)]).toEqual([
        row.name,
        { ok: true, value: row.default },
      ]);
    }
  });

  test('what RedisForge must decide is its own, tunables are the user’s', () => {
    const ours =
      'port tls-port tls-ca-cert-file bind protected-mode unixsocket dir dbfilename daemonize supervised pidfile logfile syslog-ident cluster-enabled cluster-config-file cluster-port cluster-announce-ip cluster-announce-human-nodename cluster-preferred-endpoint-type cluster-allow-replica-migration replicaof masterauth masteruser requirepass aclfile acl-pubsub-default rename-command include loadmodule enable-debug-command enable-module-command enable-protected-configs user';
    for (const name of ours.split(' ')) expect([name, directive(name).owner]).toEqual([name, 'redisforge']);
    const theirs =
      'maxmemory maxmemory-policy appendonly save cluster-node-timeout cluster-replica-validity-factor cluster-require-full-coverage cluster-slot-stats-enabled cluster-migration-barrier io-threads loglevel';
    for (const name of theirs.split(' ')) expect([name, directive(name).owner]).toEqual([name, 'user']);
  });

  test('aliases of any case lead to the current name', () => {
    expect(findDirective('SLAVE-Priority')?.name).toBe('replica-priority');
    expect(findDirective('hash-max-ziplist-entries')?.name).toBe('hash-max-listpack-entries');
    expect(findDirective('lua-time-limit')?.name).toBe('busy-reply-threshold');
    expect(findDirective('server_cpulist')?.name).toBe('server-cpulist');
    expect(findDirective('__proto__')).toBeUndefined();
  });

  test('versions', () => {
    expect(knownIn(directive('stream-idmp-duration'), '8.4.2')).toBe(false);
    expect(knownIn(directive('stream-idmp-duration'), '8.6.0')).toBe(true);
    expect(knownIn(directive('stream-idmp-duration'), '8.10.1')).toBe(true);
    expect(knownIn(directive('maxmemory'), '8.4.0')).toBe(true);
    expect(knownIn(directive('io-threads-do-reads'), '8.4.0')).toBe(false);
    expect(valueSince(directive('maxmemory-policy'), 'allkeys-lrm')).toBe('8.6');
    expect(valueSince(directive('maxmemory-policy'), 'allkeys-lru')).toBeUndefined();
    expect(valueSince(directive('cluster-slot-stats-enabled'), 'cpu net')).toBe('8.6');
  });

  test('what a running server does not change', () => {
    expect(changesLive(directive('maxmemory'), '0', '1024')).toBe(true);
    expect(changesLive(directive('io-threads'), '1', '4')).toBe(false);
    expect(changesLive(directive('io-threads'), '4', '4')).toBe(true);
    const stats = directive('cluster-slot-stats-enabled');
    expect([changesLive(stats, 'no', 'yes'), changesLive(stats, 'cpu', 'net mem')]).toEqual([false, false]);
    expect([
      changesLive(stats, 'no', 'cpu net'),
      changesLive(stats, 'yes', 'no'),
      changesLive(stats, 'yes', 'mem'),
    ]).toEqual([true, true, true]);
    expect(changesLive(directive('key-memory-histograms'), 'no', 'yes')).toBe(false);
  });

  test('hints', () => {
    expect(suggestDirective('max-memory')).toBe('maxmemory');
    expect(suggestDirective('maxmemory-polcy')).toBe('maxmemory-policy');
    expect(suggestDirective('slave-prioritiy')).toBe('replica-priority');
    expect(suggestDirective('zzz')).toBeUndefined();
  });
});

describe('canonical values', () => {
  // The server takes these too, for something that nobody means; see spec-schema/directive-values.ts.
  const stricter = ['ocdtexzhsl$gKEm', '.5'];

  test.each(captured.filter(([, written]) => !stricter.includes(written)))(
    '%s %s',
    (name, written, printed) => {
      const result = canonicalValue(directive(name), written);
      expect(result.ok ? result.value : null).toBe(printed);
    },
  );

  test('what YAML gives: booleans and numbers', () => {
    expect(canonicalValue(directive('appendonly'), true)).toEqual({ ok: true, value: 'yes' });
    expect(canonicalValue(directive('appendfsync'), false)).toEqual({ ok: true, value: 'no' });
    expect(canonicalValue(directive('maxmemory'), 1073741824)).toEqual({ ok: true, value: '1073741824' });
    expect(reason('proc-title-template', true)).toBe('must be text: put it in quotes');
    expect(reason('maxmemory', 2 ** 60)).toContain('too large');
    expect(reason('timeout', 1.5)).toBe('must be a whole number without a unit');
    expect(reason('timeout', Number.NaN)).toBe('must be a number or text');
  });

  test('reasons that a person can act on', () => {
    expect(reason('appendonly', 'true')).toBe('must be yes or no');
    expect(reason('io-threads', 0)).toBe('must be between 1 and 128');
    expect(reason('maxmemory', '1.5gb')).toBe('must be bytes, or a whole number with a unit: kb, mb, gb');
    expect(reason('maxmemory', '')).toBe('must be bytes, or a whole number with a unit: kb, mb, gb');
    expect(reason('maxmemory', '20000000000gb')).toContain('must be bytes');
    expect(reason('maxmemory-clients', '101%')).toBe('must be 100% at most');
    expect(reason('loglevel', 'info')).toBe('must be debug, verbose, notice, warning or nothing');
    expect(reason('shutdown-on-sigterm', 'save nosave')).toBe('cannot be save and nosave at the same time');
    expect(reason('notify-keyspace-events', 'AnKE')).toBe(
      'cannot have n beside all of A: the server does not print them then',
    );
    expect(reason('client-output-buffer-limit', '')).toContain('must name a class');
    expect(reason('save', '3600')).toContain('pairs of seconds and changes');
    expect(reason('rename-command', 'CONFIG ""')).toBe('cannot be set through `config`');
    expect(reason('locale-collate', 'C\nrequirepass x')).toContain('line breaks');
  });

  test('several blanks and lines are one blank between words', () => {
    expect(canonicalValue(directive('save'), ' 3600  1\n300 100\n')).toEqual({
      ok: true,
      value: '3600 1 300 100',
    });
  });

  test('the printed text prints as itself, and no value ends a line of the file', () => {
    const rows = DIRECTIVES.filter((row) => row.type.kind !== 'file-only');
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom('yes', '12', '1gb', '50%', '1 2', 'A', 'normal 0 0 0', '{title} x', 'no net'),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...rows), text, (row, written) => {
        const result = canonicalValue(row, written);
        if (!result.ok) return;
        expect(canonicalValue(row, result.value)).toEqual(result);
        expect(result.value).not.toMatch(/[\n\r\0]/);
      }),
      { numRuns: runs(5000) },
    );
  });

  test('sizes', () => {
    expect(['8gb', '64mb', '1k', '1kb', '100', '5B'].map(parseMemory)).toEqual([
      8 * 2 ** 30,
      64 * 2 ** 20,
      1000,
      1024,
      100,
      5,
    ]);
    expect(['', 'gb', '-1', '1.5gb', '1tb', ' 1', '9007199254740992', '1 gb'].map(parseMemory)).toEqual(
      Array(8).fill(undefined),
    );
  });
});
