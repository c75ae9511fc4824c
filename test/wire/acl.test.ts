import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aclFileLine, canonicalRules, parseAclLine } from '../../reconciler/wire/acl.ts';
import { COMMANDS } from '../../reconciler/wire/acl-vocabulary.ts';
import { WireError } from '../../reconciler/wire/wire-error.ts';
import { fixtureJson } from './fixtures.ts';

interface Captured {
  readonly accepted: readonly { readonly written: string; readonly line: string }[];
  readonly refused: readonly { readonly written: string; readonly error: string }[];
}
const { accepted, refused } = fixtureJson<Captured>('acl-setuser.json');

/** The reason for which rules are refused. */
function refusal(rules: string | readonly string[], version?: string): string {
  const result = canonicalRules(rules, version);
  return result.ok ? `accepted: ${result.rules}` : `${result.token} ${result.reason}`;
}

describe('canonical access rules', () => {
  test.each(accepted)('the server prints the same for: $written', ({ written, line }) => {
    expect(canonicalRules(written)).toEqual({ ok: true, rules: parseAclLine(line).rules });
  });

  test.each(refused)('refused like by the server: $written', ({ written }) => {
    expect(canonicalRules(written).ok).toBe(false);
  });

  test('tokens and text say the same', () => {
    expect(canonicalRules(['~a', '+get  -set', '(~b', '+@read)'])).toEqual(
      canonicalRules('~a +get -set (~b +@read)'),
    );
    expect(canonicalRules([])).toEqual({ ok: true, rules: 'sanitize-payload resetchannels -@all' });
  });

  test('the canonical text is its own canonical text', () => {
    const word = fc.constantFrom(
      ...[
        '+get',
        '-get',
        '+config',
        '+config|get',
        '-config|set',
        '+@all',
        '-@all',
        '+@read',
        '-@read',
        '+select|0',
      ],
      ...['~*', '~a', '%R~a', '%W~a', '%R~*', '%W~*', '%RW~*', 'resetkeys', '&*', '&a', 'resetchannels'],
      ...['(~a +get)', '(%RW~* -@all)', 'clearselectors', 'reset', 'skip-sanitize-payload', 'on'],
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 10 }), (words) => {
        const once = canonicalRules(words);
        if (once.ok) expect(canonicalRules(once.rules)).toEqual(once);
      }),
      { numRuns: 2000 },
    );
  });

  test('whatever is written, there is an answer', () => {
    const token = fc.tuple(
      fc.constantFrom('', '+', '-', '+@', '~', '%', '&', '(', '#'),
      fc.string(),
      fc.constantFrom('', ')', '|'),
    );
    const rules = fc.array(token.map((parts) => parts.join('')));
    fc.assert(
      fc.property(rules, (words) => typeof canonicalRules(words).ok === 'boolean'),
      { numRuns: 2000 },
    );
  });
});

describe('why rules are refused', () => {
  test.each([
    ['+gte', '+gte names no command: did you mean get?'],
    ['+@raed', '+@raed names no category: did you mean @read?'],
    ['-config|sett', '-config|sett names no subcommand of config: did you mean config|set?'],
    [
      '+slowlog|x',
      '+slowlog|x names no subcommand of slowlog: known are slowlog|get slowlog|help slowlog|len slowlog|reset',
    ],
    ['+config|', '+config| has no subcommand after |'],
    [
      '-select|0',
      '-select|0 cannot be forbidden: select has no subcommands, and Redis only allows first arguments',
    ],
    [
      '~* ~app:*',
      '~app:* comes after ~* (or allkeys), which allows every key already: leave one of them out',
    ],
    [
      'allchannels &a',
      '&a comes after &* (or allchannels), which allows every channel already: leave one of them out',
    ],
    ['%~a', '%~a is no key pattern: write ~pattern, %R~pattern to read or %W~pattern to write'],
    ['~', '~ has no pattern after ~'],
    ['(~a +get', '(~a opens a selector that is never closed: ) is missing'],
    ['(~a (~b))', 'has a parenthesis out of place'],
    ['get', 'get is no access rule: write +get to allow or -get to forbid the command'],
    ['@read', '@read is no access rule: write +@read to allow or -@read to forbid the category'],
    ['allkey', 'allkey is no access rule: did you mean allkeys?'],
    [
      'app:*',
      'app:* is no access rule: keys begin with ~, channels with &, commands and @categories with + or -',
    ],
    ['off', 'off is no access rule here: say `enabled: false` of the user'],
    ['nopass', 'nopass would let anybody in: give the user a password, as a reference to a secret'],
    ['~a >hunter2', '>… is a password: a spec holds references to secrets only'],
    [`#${'a'.repeat(64)}`, '#… is a password: a spec holds references to secrets only'],
  ])('%s', (rules, reason) => {
    expect(refusal(rules)).toContain(reason);
    expect(refusal(rules)).not.toContain('hunter2');
  });

  test('what would make the server end, or fail to load its own file', () => {
    expect(refusal('+select|"')).toContain('holds a quote');
    expect(refusal('(~a"b +get)')).toContain('holds a quote');
    expect(refusal('(~a) +get)')).toContain('+get) has a parenthesis out of place');
    expect(refusal('(~(a) +get)')).toContain('+get) has a parenthesis out of place');
    expect(refusal('(~a))')).toContain('ends in a parenthesis');
    expect(refusal('~a\0b')).toContain('control characters');
  });

  test('commands of a later version are refused where the version is known', () => {
    expect(refusal('+hotkeys|get', '8.4.2')).toBe(
      '+hotkeys|get names a command that came with Redis 8.6.0; this is 8.4.2',
    );
    expect(refusal('+xidmprecord', '8.6.1')).toContain('8.6.2');
    expect(canonicalRules('+hotkeys|get', '8.6.3').ok).toBe(true);
  });

  test('commands and categories of modules are taken on trust', () => {
    expect(canonicalRules('+JSON.GET -ft.config|set +@search')).toEqual({
      ok: true,
      rules: 'sanitize-payload resetchannels -@all +json.get -ft.config|set +@search',
    });
  });

  test('no word of the vocabulary is broken', () => {
    for (const [name, subcommands] of COMMANDS) {
      for (const word of [name, ...subcommands]) expect(word).toMatch(/^[a-z][a-z_-]*$/);
    }
    expect(COMMANDS.get('restore-asking')).toBeDefined();
    expect(COMMANDS.size).toBe(275);
  });
});

describe('ACL LIST and the ACL file', () => {
  const lines = fixtureJson<string[]>('acl-list.json');

  test('a user with two passwords, sorted', () => {
    const user = parseAclLine(lines.find((line) => line.startsWith('user two '))!);
    expect(user).toMatchObject({
      name: 'two',
      enabled: true,
      nopass: false,
      rules: 'sanitize-payload ~k resetchannels -@all',
    });
    expect(user.passwordHashes).toEqual([...user.passwordHashes].sort());
    expect(user.passwordHashes).toHaveLength(2);
  });

  test('the open default user, and a selector', () => {
    expect(parseAclLine(lines.find((line) => line.startsWith('user default '))!)).toMatchObject({
      enabled: true,
      nopass: true,
      rules: 'sanitize-payload ~* &* +@all',
    });
    expect(parseAclLine(lines.find((line) => line.startsWith('user $w@ird '))!).rules).toBe(
      'skip-sanitize-payload ~* resetchannels -@all (~a resetchannels -@all +get)',
    );
  });

  test('a line for the file reads back as the same user', () => {
    for (const line of lines) {
      const user = parseAclLine(line);
      expect(parseAclLine(aclFileLine(user))).toEqual(user);
      if (user.passwordHashes.length < 2) expect(aclFileLine(user)).toBe(line);
    }
  });

  test.each([
    '',
    'user',
    'user a',
    'user a on',
    'user a on sanitize-payload ~*',
    'user a maybe sanitize-payload &* -@all',
  ])('refused: %s', (line) => {
    expect(() => parseAclLine(line)).toThrow(WireError);
  });

  test('no password hash gets into an error', () => {
    const hash = 'ab'.repeat(32);
    expect(() => parseAclLine(`user a on #${hash}`)).toThrow(
      expect.objectContaining({ text: 'user a on #…' }),
    );
  });
});
