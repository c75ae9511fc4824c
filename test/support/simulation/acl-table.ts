/** A simulated server's users, kept and printed as Redis does: ACL SETUSER, ACL LIST, ACL SAVE, ACL LOAD. */
import { createHash } from 'node:crypto';
import type { AclUserReading } from '../../../reconciler/model/readings.ts';
import { parseAclLine } from '../../../reconciler/wire/acl.ts';

interface AclUser {
  readonly name: string;
  enabled: boolean;
  nopass: boolean;
  readonly hashes: string[];
  readonly keys: string[];
  readonly channels: string[];
  /** `+@all` or `-@all`: what the rules after it start from. */
  base: '+@all' | '-@all';
  commands: string[];
}

/** An unknown rule or a malformed password hash: nothing of the command has happened. */
export class AclRefusal extends Error {
  override readonly name = 'AclRefusal';
}

const readFiles = new Map<string, ReadonlyMap<string, AclUser>>();

export class AclTable {
  /** Grows with every change. */
  version = 0;
  readonly #users = new Map<string, AclUser>();
  #printed: { version: number; users: readonly AclUserReading[] } | null = null;

  /** @throws AclRefusal when the server would not start with this file. */
  constructor(file: string | undefined) {
    const known = file === undefined ? undefined : readFiles.get(file);
    if (known !== undefined) {
      for (const [name, user] of known) this.#users.set(name, user);
      return;
    }
    for (const line of file?.split('\n') ?? []) {
      const [keyword, name, ...rules] = line.trim().split(/\s+/);
      if (keyword === undefined || keyword === '' || keyword.startsWith('#')) continue;
      if (keyword !== 'user' || name === undefined) throw new AclRefusal(`no user line: ${line}`);
      this.set(name, rules);
    }
    // Without a line of its own the default user may do everything, without a password.
    if (!this.#users.has('default')) this.set('default', ['on', 'nopass', '~*', '&*', '+@all']);
    // Users are replaced and never changed, so that tables can share them.
    if (file !== undefined && readFiles.size < 1000) readFiles.set(file, new Map(this.#users));
  }

  /** @throws AclRefusal */
  set(name: string, rules: readonly string[]): void {
    const present = this.#users.get(name);
    const user: AclUser = present === undefined ? newUser(name) : copyOf(present);
    for (const rule of rules) apply(user, rule);
    this.#users.set(name, user);
    this.version += 1;
  }

  remove(name: string): boolean {
    if (name === 'default') throw new AclRefusal("ERR The 'default' user cannot be removed");
    const removed = this.#users.delete(name);
    if (removed) this.version += 1;
    return removed;
  }

  /** Whether somebody may log in with that name and password. */
  admits(name: string, password: string): boolean {
    const user = this.#users.get(name);
    if (user === undefined || !user.enabled) return false;
    return user.nopass || user.hashes.includes(sha256(password));
  }

  /**
   * Whether a user may send an administrative command, `cluster|meet` or `psync` for example.
   * Of the categories only `@all`, `@admin` and `@dangerous` are known here: enough for these commands.
   */
  allows(name: string, command: string): boolean {
    const user = this.#users.get(name);
    if (user === undefined) return false;
    const parent = command.split('|')[0];
    let allowed = user.base === '+@all';
    for (const rule of user.commands) {
      const what = rule.slice(1);
      if (what === command || what === parent || what === '@admin' || what === '@dangerous')
        allowed = rule[0] === '+';
    }
    return allowed;
  }

  /** ACL LIST, read. */
  list(): readonly AclUserReading[] {
    if (this.#printed?.version !== this.version) {
      const users = [...this.#users.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
      this.#printed = { version: this.version, users: users.map(readingOf) };
    }
    return this.#printed.users;
  }

  /** What ACL SAVE writes: the lines of ACL LIST. */
  file(): string {
    return [...this.#users.values()].map((user) => `user ${user.name} ${printed(user)}`).join('\n');
  }
}

const hashed = new Map<string, string>();

export function sha256(text: string): string {
  let hash = hashed.get(text);
  if (hash === undefined) {
    hash = createHash('sha256').update(text).digest('hex');
    if (hashed.size < 1000) hashed.set(text, hash);
  }
  return hash;
}

function copyOf(user: AclUser): AclUser {
  const { hashes, keys, channels, commands } = user;
  return {
    ...user,
    hashes: [...hashes],
    keys: [...keys],
    channels: [...channels],
    commands: [...commands],
  };
}

function newUser(name: string): AclUser {
  return {
    name,
    enabled: false,
    nopass: false,
    hashes: [],
    keys: [],
    channels: [],
    base: '-@all',
    commands: [],
  };
}

function apply(user: AclUser, rule: string): void {
  switch (rule.toLowerCase()) {
    case 'on':
      user.enabled = true;
      return;
    case 'off':
      user.enabled = false;
      return;
    case 'nopass':
      user.nopass = true;
      user.hashes.length = 0;
      return;
    case 'resetpass':
      user.nopass = false;
      user.hashes.length = 0;
      return;
    case 'sanitize-payload':
      return;
    case 'allkeys':
      add(user.keys, '~*');
      return;
    case 'resetkeys':
      user.keys.length = 0;
      return;
    case 'allchannels':
      add(user.channels, '&*');
      return;
    case 'resetchannels':
      user.channels.length = 0;
      return;
    case 'allcommands':
    case '+@all':
      user.base = '+@all';
      user.commands = [];
      return;
    case 'nocommands':
    case '-@all':
      user.base = '-@all';
      user.commands = [];
      return;
    case 'reset':
      Object.assign(user, { ...newUser(user.name) });
      return;
  }
  if (/^(?:~|%[RW]{1,2}~)/.test(rule)) add(user.keys, rule);
  else if (rule.startsWith('&')) add(user.channels, rule);
  else if (rule.startsWith('#') && /^#[0-9a-f]{64}$/.test(rule)) addPassword(user, rule.slice(1));
  else if (rule.startsWith('>')) addPassword(user, sha256(rule.slice(1)));
  else if (rule.startsWith('<')) remove(user.hashes, sha256(rule.slice(1)));
  else if (rule.startsWith('!')) remove(user.hashes, rule.slice(1));
  else if (/^[+-]@?[a-z0-9._|-]+$/i.test(rule)) addCommand(user, rule.toLowerCase());
  else throw new AclRefusal(`ERR Error in ACL SETUSER modifier '${rule}': Syntax error`);
}

/** A rule takes the place of earlier ones for the same command, and one for a command that of its subcommands. */
function addCommand(user: AclUser, rule: string): void {
  const what = rule.slice(1);
  user.commands = user.commands.filter(
    (each) => each.slice(1) !== what && !each.slice(1).startsWith(`${what}|`),
  );
  user.commands.push(rule);
}

function addPassword(user: AclUser, hash: string): void {
  user.nopass = false;
  if (!user.hashes.includes(hash)) user.hashes.push(hash);
}

/** A pattern for everything makes the others pointless. */
function add(patterns: string[], pattern: string): void {
  if (pattern === '~*' || pattern === '&*') patterns.length = 0;
  if (!patterns.includes(pattern)) patterns.push(pattern);
}

function remove(list: string[], value: string): void {
  const at = list.indexOf(value);
  if (at >= 0) list.splice(at, 1);
}

function rules(user: AclUser): string {
  const channels = user.channels.includes('&*') ? ['&*'] : ['resetchannels', ...user.channels];
  return [...user.keys, ...channels, user.base, ...user.commands].join(' ');
}

function printed(user: AclUser): string {
  const flags = [
    user.enabled ? 'on' : 'off',
    ...(user.nopass ? ['nopass'] : []),
    'sanitize-payload',
    ...user.hashes.map((hash) => `#${hash}`),
  ];
  return `${flags.join(' ')} ${rules(user)}`;
}

/** Reading a line is the same work for every node of a fleet. */
const readLines = new Map<string, AclUserReading>();

function readingOf(user: AclUser): AclUserReading {
  const line = `user ${user.name} ${printed(user)}`;
  let reading = readLines.get(line);
  if (reading === undefined) {
    reading = parseAclLine(line);
    if (readLines.size < 1000) readLines.set(line, reading);
  }
  return reading;
}
