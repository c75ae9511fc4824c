/** Canonical access rules against a real redis-server. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aclFileLine, canonicalRules, parseAclLine } from '../../reconciler/wire/acl.ts';
import { CATEGORIES, COMMANDS } from '../../reconciler/wire/acl-vocabulary.ts';
import { type LoneRedis, startLoneRedis } from '../support/lone-redis.ts';

let redis: LoneRedis;
beforeAll(async () => {
  redis = await startLoneRedis('--save', '');
});
afterAll(() => redis?.remove());

/** The line of a user who was given these words and nothing else; an Error when the server refuses them. */
async function lineOf(words: readonly string[]): Promise<string | Error> {
  try {
    await redis.client.call('ACL', 'SETUSER', 'probe', 'reset', ...words);
  } catch (error) {
    return error as Error;
  }
  const lines = (await redis.client.call('ACL', 'LIST')) as string[];
  return lines.find((line) => line.startsWith('user probe ')) ?? new Error('no such user');
}

function asArguments(text: string): string[] {
  return text.split(' ').filter((word) => word !== '');
}

const command = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom('get', 'set', 'config', 'client', 'acl', 'select', 'vadd', 'debug'),
  },
  fc.constantFrom(...COMMANDS.keys()),
  {
    weight: 4,
    arbitrary: fc
      .constantFrom(...[...COMMANDS].filter(([, subcommands]) => subcommands.size > 0))
      .chain(([name, subcommands]) => fc.constantFrom(...subcommands).map((sub) => `${name}|${sub}`)),
  },
  fc.constantFrom(
    'nosuch',
    'config|nosuch',
    'config|',
    'get|',
    'select|0',
    'get|a|b',
    'config|get|x',
    '',
    '|',
    '@',
  ),
);
const category = fc.constantFrom('all', 'read', 'write', 'nosuch', ...CATEGORIES);
const pattern = fc.oneof(
  fc.constantFrom('*', 'app:*', 'a', 'b', '[a-c]*', 'a\\*b', 'é*', '~x', '(x', 'x)'),
  fc.string({ minLength: 1, maxLength: 4 }).filter((text) => !/[\s\p{Cc}()"']/u.test(text)),
);
const plain = fc
  .oneof(
    { weight: 5, arbitrary: fc.tuple(fc.constantFrom('+', '-'), command) },
    { weight: 3, arbitrary: fc.tuple(fc.constantFrom('+@', '-@'), category) },
    { weight: 3, arbitrary: fc.tuple(fc.constantFrom('~', '%R~', '%w~', '%RW~', '%RR~', '%~'), pattern) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('&'), pattern) },
    fc.tuple(fc.constantFrom('allkeys', 'resetkeys', 'AllChannels', 'resetchannels'), fc.constant('')),
    fc.tuple(fc.constantFrom('allcommands', 'nocommands', '~*', '&*'), fc.constant('')),
  )
  .map((parts) => parts.join(''))
  .chain((rule) => fc.constantFrom(rule, rule, rule, rule.toUpperCase()));
const selector = fc.array(plain, { maxLength: 4 }).map((rules) => `(${rules.join(' ')})`);
const whole = fc.constantFrom(
  'on',
  'sanitize-payload',
  'skip-sanitize-payload',
  'clearselectors',
  'reset',
  'bogus',
  '()',
);
const written = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: plain },
    { weight: 2, arbitrary: selector },
    { weight: 2, arbitrary: whole },
  ),
  { maxLength: 8 },
);

describe('access rules', () => {
  test('the vocabulary is the server’s', async () => {
    const names = (await redis.client.call('COMMAND', 'LIST')) as string[];
    const ours = [...COMMANDS].flatMap(([name, subcommands]) => [
      name,
      ...[...subcommands].map((sub) => `${name}|${sub}`),
    ]);
    // Modules of the official image have commands with a dot in their names.
    const theirs = names.map((name) => name.toLowerCase()).filter((name) => !name.includes('.'));
    expect(ours.sort()).toEqual(theirs.sort());
    expect(await redis.client.call('ACL', 'CAT')).toEqual(expect.arrayContaining([...CATEGORIES]));
  });

  test('the server prints what we compute, refuses what we let pass never, and takes the result back', async () => {
    const prints = async (rules: readonly string[]) => {
      const ours = canonicalRules(rules);
      const theirs = await lineOf(asArguments(rules.join(' ')));
      // Where only we refuse, it is on purpose; see reconciler/wire/acl.ts.
      if (!ours.ok) return;
      if (theirs instanceof Error) throw theirs;
      // The server tells `%RW~*` from `~*`, but prints both alike.
      if (!/~\*(?: |$)/.test(ours.rules)) expect(ours.rules).toBe(parseAclLine(theirs).rules);
      const again = await lineOf(asArguments(ours.rules));
      if (again instanceof Error) throw again;
      expect(parseAclLine(again).rules).toBe(ours.rules);
      expect(aclFileLine(parseAclLine(again))).toBe(again);
    };
    await fc.assert(fc.asyncProperty(written, prints), { numRuns: 600 });
  });
});
