/** The table of directives and their canonical values against a real redis-server. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseConfigGet } from '../../reconciler/wire/config-get.ts';
import { DIRECTIVES, type Directive } from '../../spec-schema/directive-table.ts';
import { canonicalValue, changesLive, findDirective } from '../../spec-schema/directives.ts';
import { type LoneRedis, startLoneRedis } from '../support/lone-redis.ts';
import { writtenValues } from '../support/written-values.ts';

let redis: LoneRedis;
beforeAll(async () => {
  redis = await startLoneRedis('--cluster-enabled', 'yes');
  // Values of maxmemory-clients would otherwise throw us out.
  await redis.client.call('CLIENT', 'NO-EVICT', 'ON');
});
afterAll(() => redis?.remove());

const known = DIRECTIVES.filter((directive) => directive.type.kind !== 'file-only');

async function get(name: string): Promise<string | undefined> {
  return parseConfigGet(await redis.client.call('CONFIG', 'GET', name))[name];
}

/** The server's refusal, '' when it took the value. */
async function set(name: string, value: string): Promise<string> {
  try {
    await redis.client.call('CONFIG', 'SET', name, value);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('the table', () => {
  test('has every directive that the server has, hidden where the server hides it', async () => {
    const shown = parseConfigGet(await redis.client.call('CONFIG', 'GET', '*'));
    // Modules of the official image bring directives of their own, which a spec cannot set.
    const modules = /^(?:search|ts|bf|cf|vset|json)-/;
    const missing = Object.keys(shown).filter(
      (name) => findDirective(name) === undefined && !modules.test(name),
    );
    expect(missing).toEqual([]);
    for (const { name, aliases, hidden } of known) {
      expect([name, name in shown]).toEqual([name, hidden !== true]);
      for (const alias of [name, ...aliases])
        expect([alias, await get(alias)]).toEqual([alias, expect.any(String)]);
    }
  });

  test('tells what a running server does not change', async () => {
    for (const { name, live } of known) {
      const refused = /immutable|protected/.test(await set(name, (await get(name)) ?? ''));
      expect([name, refused]).toEqual([name, !live]);
    }
  });

  test('has the defaults of a server without configuration', async () => {
    // Given to this server, made by cluster mode, or by the limits of this machine.
    const elsewise = ['cluster-enabled', 'protected-mode', 'databases', 'dir', 'maxclients'];
    for (const { name, default: byDefault } of known.filter((row) => !elsewise.includes(row.name))) {
      expect([name, await get(name)]).toEqual([name, byDefault]);
    }
  });

  test('knows what can be had from the start only', async () => {
    for (const directive of known.filter((row) => row.startOnly !== undefined)) {
      for (const value of directive.startOnly ?? []) {
        expect(changesLive(directive, directive.default, value)).toBe(false);
        expect(await set(directive.name, value)).toContain('cannot be enabled at runtime');
      }
    }
  });
});

describe('the server prints the canonical value', () => {
  // What it accepts depends on the machine: open files, locales, the allocator, the right to lower a score.
  const machine = ['maxclients', 'locale-collate', 'oom-score-adj', 'bind-source-addr'];
  const rows = known.filter((row) => row.owner === 'user' && row.live && row.requires === undefined);

  test.each(rows.filter((row) => !machine.includes(row.name)))('$name', async (directive) => {
    const before = await get(directive.name);
    try {
      for (const written of fc.sample(writtenValues(directive.type), 30)) await compare(directive, written);
    } finally {
      await set(directive.name, before ?? '');
    }
  });
});

/** Sends both the written and the canonical text. */
async function compare(directive: Directive, written: string): Promise<void> {
  const { name, type } = directive;
  // So that classes that are not said have their defaults, as the canonical value says.
  if (type.kind === 'client-output-buffer-limit') await set(name, directive.default);
  const canonical = canonicalValue(directive, written);
  const current = await get(name);
  const refusal = await set(name, written);
  const label = `${name} ${JSON.stringify(written)}`;
  if (!canonical.ok) {
    // Where this is stricter than the server, it is on purpose; see spec-schema/directive-values.ts.
    const lax = ['memory', 'save', 'percentiles', 'keyspace-events', 'client-output-buffer-limit', 'string'];
    expect([label, refusal !== '' || lax.includes(type.kind)]).toEqual([label, true]);
    return;
  }
  if (refusal === '') expect([label, await get(name)]).toEqual([label, canonical.value]);
  if (!changesLive(directive, current ?? '', canonical.value)) return;
  expect([label, await set(name, canonical.value)]).toEqual([label, '']);
  expect([label, await get(name)]).toEqual([label, canonical.value]);
}
