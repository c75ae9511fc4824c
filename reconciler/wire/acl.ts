/**
 * Access-control users: from the rules that a person writes to the line that ACL LIST prints, and back.
 *
 * The server keeps command rules as written, except that a rule drops earlier ones for the same command (with its
 * subcommands) or category, and that all or no commands drop every earlier one. This does the same, and was compared
 * with an 8.6.3 server over generated rule lists; what is refused here although the server takes it is said below.
 */
import { commandRule, lower, Refusal, shown, unknownRule } from './acl-words.ts';
import { WireError } from './wire-error.ts';

/** One user. */
export interface AclUser {
  readonly name: string;
  readonly enabled: boolean;
  /** Any password works. RedisForge never makes such a user. */
  readonly nopass: boolean;
  /** SHA-256 in lower-case hexadecimal, sorted. */
  readonly passwordHashes: readonly string[];
  /** Canonical text without on/off and passwords: `sanitize-payload ~app:* resetchannels &app:* -@all +get`. */
  readonly rules: string;
}

/** `token` is the rule that is refused, shortened where it holds a secret; `reason` completes a sentence about it. */
export type RulesResult =
  | { readonly ok: true; readonly rules: string }
  | { readonly ok: false; readonly token: string; readonly reason: string };

/**
 * Reads one line of ACL LIST, or of a file that ACL SAVE wrote.
 * @throws WireError `acl-line`
 */
export function parseAclLine(line: string): AclUser {
  const [user, name, state, ...rest] = line.trimEnd().split(' ');
  if (user !== 'user' || name === undefined || (state !== 'on' && state !== 'off')) {
    throw new WireError('acl-line', 'no user with on or off', withoutHashes(line));
  }
  const nopass = rest[0] === 'nopass';
  const [sanitize, ...further] = nopass ? rest.slice(1) : rest;
  if (sanitize !== 'sanitize-payload' && sanitize !== 'skip-sanitize-payload') {
    throw new WireError('acl-line', 'no sanitize-payload', withoutHashes(line));
  }
  const passwordHashes = further
    .filter((token) => /^#[0-9a-f]{64}$/.test(token))
    .map((token) => token.slice(1));
  const rules = further.slice(passwordHashes.length);
  const complete = /(?:^| )(?:&\*|resetchannels)(?: &\S*)* [+-]@all(?: |$)/.test(rules.join(' '));
  if (!complete || rules.some((token) => token.startsWith('#'))) {
    throw new WireError('acl-line', 'no channels and commands after the passwords', withoutHashes(line));
  }
  return {
    name,
    enabled: state === 'on',
    nopass,
    passwordHashes: passwordHashes.sort(),
    rules: [sanitize, ...rules].join(' '),
  };
}

/** A line for an ACL file, and at the same time what ACL LIST prints once it is loaded. */
export function aclFileLine(user: AclUser): string {
  const [sanitize, ...rules] = user.rules.split(' ');
  const flags = [user.enabled ? 'on' : 'off', ...(user.nopass ? ['nopass'] : []), sanitize];
  const passwords = user.passwordHashes.map((hash) => `#${hash}`);
  return ['user', user.name, ...flags, ...passwords, ...rules].join(' ');
}

/**
 * The text that ACL LIST prints, without on/off and passwords, for a user who is given these rules and no others.
 *
 * The text is its own canonical form, so it can be sent instead of the written rules. It names channels outright
 * (`&*` or `resetchannels`), so `acl-pubsub-default` does not matter.
 *
 * Refused although the server takes it: passwords (they are references in a spec), `off` and `nopass`, patterns
 * that are empty, inside of selectors quotes and patterns that end in a parenthesis, quotes after a first argument. `%RW~*` counts as `~*`: the server prints
 * both alike, and a file that it saves with other patterns beside them is one that it does not load again.
 * Commands and categories of modules (`json.get`, `@search`) are taken on trust.
 * @param written tokens, or texts of several tokens between blanks.
 * @param version of the server, to refuse commands that it does not have yet; without it, 8.6 is assumed.
 */
export function canonicalRules(written: readonly string[] | string, version?: string): RulesResult {
  try {
    return { ok: true, rules: printUser(applyRules(mergeSelectors(tokensOf(written)), version)) };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, token: error.token, reason: error.reason };
    throw error;
  }
}

/** What the server keeps for a user outside of parentheses, and once more for each pair of them. */
interface Selector {
  allKeys: boolean;
  /** Pattern to permissions, in the order in which they were added. */
  readonly keys: Map<string, { read: boolean; write: boolean }>;
  allChannels: boolean;
  readonly channels: Set<string>;
  allCommands: boolean;
  /** `+get`, `-@admin`, `+config|get`, in the order in which they were added. */
  commands: string[];
}

interface UserRules {
  sanitize: boolean;
  root: Selector;
  selectors: Selector[];
}

function emptySelector(): Selector {
  return {
    allKeys: false,
    keys: new Map(),
    allChannels: false,
    channels: new Set(),
    allCommands: false,
    commands: [],
  };
}

function tokensOf(written: readonly string[] | string): string[] {
  const text = typeof written === 'string' ? written : written.join(' ');
  const tokens = text.split(/[ \t\n\v\f\r]+/).filter((token) => token !== '');
  const garbled = tokens.find((token) => /\p{Cc}/u.test(token) || !token.isWellFormed());
  if (garbled !== undefined) throw new Refusal(shown(garbled), 'holds control characters or broken Unicode');
  return tokens;
}

/** Puts `(~a`, `+get)` together again, as the server does: up to the first token that ends in a parenthesis. */
function mergeSelectors(tokens: readonly string[]): string[] {
  const merged: string[] = [];
  let open: string[] | undefined;
  for (const token of tokens) {
    if (open === undefined && token.startsWith('(') && !token.endsWith(')')) open = [token];
    else if (open === undefined) merged.push(token);
    else {
      open.push(token);
      if (!token.endsWith(')')) continue;
      merged.push(open.join(' '));
      open = undefined;
    }
  }
  if (open !== undefined)
    throw new Refusal(open[0] ?? '(', 'opens a selector that is never closed: ) is missing');
  return merged;
}

function applyRules(tokens: readonly string[], version: string | undefined): UserRules {
  const user: UserRules = { sanitize: true, root: emptySelector(), selectors: [] };
  for (const token of tokens) {
    if (token.startsWith('(') && token.endsWith(')')) user.selectors.push(readSelector(token, version));
    else if (!applyToUser(user, token)) applyToSelector(user.root, token, version);
  }
  return user;
}

function readSelector(token: string, version: string | undefined): Selector {
  const selector = emptySelector();
  // The server unquotes the inside of a selector, and turns one with an open quote into an empty one.
  if (/["']/.test(token))
    throw new Refusal(token, 'holds a quote, which Redis would interpret inside of a selector');
  for (const rule of token.slice(1, -1).split(' ')) {
    // It would be printed before other rules, and there end the selector: the server cannot load what it saves.
    if (/^[~%&].*\)$/.test(rule))
      throw new Refusal(rule, 'ends in a parenthesis, which would end the selector there');
    if (rule !== '') applyToSelector(selector, rule, version);
  }
  return selector;
}

/** Rules for the user as a whole. False when the token is none of them. */
function applyToUser(user: UserRules, token: string): boolean {
  switch (lower(token)) {
    case 'on':
    case 'resetpass':
      return true; // As every user begins here.
    case 'off':
      throw new Refusal(token, 'is no access rule here: say `enabled: false` of the user');
    case 'nopass':
      throw new Refusal(token, 'would let anybody in: give the user a password, as a reference to a secret');
    case 'sanitize-payload':
    case 'skip-sanitize-payload':
      user.sanitize = lower(token) === 'sanitize-payload';
      return true;
    case 'clearselectors':
      user.selectors = [];
      return true;
    case 'reset':
      Object.assign(user, { sanitize: true, root: emptySelector(), selectors: [] });
      return true;
  }
  if (/^[><#!]/.test(token))
    throw new Refusal(shown(token), 'is a password: a spec holds references to secrets only');
  return false;
}

function applyToSelector(selector: Selector, token: string, version: string | undefined): void {
  switch (lower(token)) {
    case 'allkeys':
    case '~*':
      allKeys(selector);
      return;
    case 'resetkeys':
      selector.allKeys = false;
      selector.keys.clear();
      return;
    case 'allchannels':
    case '&*':
      selector.allChannels = true;
      selector.channels.clear();
      return;
    case 'resetchannels':
      selector.allChannels = false;
      selector.channels.clear();
      return;
    case 'allcommands':
    case '+@all':
    case 'nocommands':
    case '-@all':
      selector.allCommands = ['allcommands', '+@all'].includes(lower(token));
      selector.commands = [];
      return;
  }
  if (/^[~%]/.test(token)) addKeys(selector, token);
  else if (token.startsWith('&')) addChannel(selector, token);
  else if (/^[+-]/.test(token)) addCommand(selector, commandRule(token, version));
  else throw new Refusal(shown(token), unknownRule(token));
}

function allKeys(selector: Selector): void {
  selector.allKeys = true;
  selector.keys.clear();
}

function addKeys(selector: Selector, token: string): void {
  const match = /^(?:%([RW]{1,2}))?~(.*)$/i.exec(token);
  const letters = match?.[1]?.toUpperCase() ?? (token.startsWith('~') ? 'RW' : '');
  const pattern = match?.[2] ?? '';
  if (letters === '' || letters === 'RR' || letters === 'WW') {
    throw new Refusal(token, 'is no key pattern: write ~pattern, %R~pattern to read or %W~pattern to write');
  }
  if (pattern === '') throw new Refusal(token, 'has no pattern after ~');
  if (selector.allKeys) {
    throw new Refusal(
      token,
      'comes after ~* (or allkeys), which allows every key already: leave one of them out',
    );
  }
  const known = selector.keys.get(pattern) ?? { read: false, write: false };
  const merged = { read: known.read || letters.includes('R'), write: known.write || letters.includes('W') };
  if (pattern === '*' && merged.read && merged.write) allKeys(selector);
  else selector.keys.set(pattern, merged);
}

function addChannel(selector: Selector, token: string): void {
  if (token === '&') throw new Refusal(token, 'has no pattern after &');
  if (selector.allChannels) {
    throw new Refusal(
      token,
      'comes after &* (or allchannels), which allows every channel already: leave one of them out',
    );
  }
  selector.channels.add(token.slice(1));
}

/** Appends a rule and drops those that it makes void: the same words, and subcommands of the same command. */
function addCommand(selector: Selector, rule: string): void {
  const name = rule.slice(1);
  const stays = (other: string) => other.slice(1) !== name && !other.slice(1).startsWith(`${name}|`);
  selector.commands = [...selector.commands.filter(stays), rule];
}

function printUser(user: UserRules): string {
  const selectors = user.selectors.map((selector) => `(${printSelector(selector)})`);
  return [
    user.sanitize ? 'sanitize-payload' : 'skip-sanitize-payload',
    printSelector(user.root),
    ...selectors,
  ].join(' ');
}

function printSelector(selector: Selector): string {
  const keys = [...selector.keys].map(
    ([pattern, { read, write }]) => `${read && write ? '' : read ? '%R' : '%W'}~${pattern}`,
  );
  const channels = [...selector.channels].map((pattern) => `&${pattern}`);
  return [
    ...(selector.allKeys ? ['~*'] : keys),
    ...(selector.allChannels ? ['&*'] : ['resetchannels', ...channels]),
    selector.allCommands ? '+@all' : '-@all',
    ...selector.commands,
  ].join(' ');
}

function withoutHashes(line: string): string {
  return line.replace(/[><#!]\S+/g, (token) => `${token[0]}…`);
}
