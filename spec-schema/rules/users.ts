/** Users for applications: who may be one, and what rules may say. */
import { OPERATOR_USER, REPLICATION_USER, type UserSpec } from '../cluster-spec.ts';
import type { Finding } from '../finding.ts';
import type { SpecPath } from '../locate.ts';
import { printable } from '../source-text.ts';
import type { Rule, RuleContext } from './rule.ts';

/** Name and reason: each has a meaning of its own on every node. */
const RESERVED: ReadonlyMap<string, string> = new Map([
  ['default', 'the user of connections that do not log in, which RedisForge keeps switched off'],
  [OPERATOR_USER, "RedisForge's own user"],
  [REPLICATION_USER, 'the user that replicas log in as'],
]);

/** Nobody writes a longer one, and looking for what was meant by it would take time. */
const MAX_RULE_LENGTH = 256;

export const userRules: Rule = function* (context) {
  for (const user of context.users) {
    const reserved = RESERVED.get(user.name);
    if (reserved !== undefined) {
      yield {
        severity: 'error',
        code: 'reserved-user',
        path: context.at(user, 'name'),
        summary: `\`${user.name}\` is ${reserved}`,
        hint: "choose another name; the passwords of RedisForge's own users are set under `auth`",
      };
    }
    if (user.enabled && user.password === undefined) {
      yield {
        severity: 'warning',
        code: 'user-without-password',
        path: context.at(user, 'name'),
        summary: `nobody can log in as \`${user.name}\`: it has no password`,
        hint: 'add `password: { file: … }`, or `enabled: false` if that is intended',
      };
    }
    yield* accessRules(context, user);
  }
};

function* accessRules(context: RuleContext, user: UserSpec): Iterable<Finding> {
  const parts = typeof user.rules === 'string' ? [user.rules] : user.rules;
  const path = (index: number): SpecPath =>
    typeof user.rules === 'string' ? context.at(user, 'rules') : context.at(user, 'rules', index);
  if (parts.every((part) => part.trim() === '')) {
    yield {
      severity: 'error',
      code: 'empty-rules',
      path: context.at(user, 'rules'),
      summary: `user \`${user.name}\` has no access rules, so it could do nothing`,
      hint: 'write what it may do, for example `~app:* &app:* +@all -@admin -@dangerous`',
    };
    return;
  }
  let refused = false;
  for (const [index, part] of parts.entries()) {
    for (const word of part.split(/\s+/)) {
      const reason = misplaced(word);
      if (reason === undefined) continue;
      refused = true;
      yield { severity: 'error', path: path(index), ...reason };
    }
  }
  if (refused || context.version === undefined) return;
  // The whole is checked, not each part: a selector in parentheses may span several.
  const checked = context.checkRules?.(parts.join(' '), context.version);
  if (checked === undefined || checked.ok) return;
  const { token, reason } = checked;
  yield {
    severity: 'error',
    code: 'invalid-rules',
    path: path(
      Math.max(
        0,
        parts.findIndex((part) => part.includes(token)),
      ),
    ),
    evidence: printable(token),
    summary: `the rule \`${printable(token)}\` of user \`${user.name}\` ${reason}`,
    hint: 'rules are written as for ACL SETUSER: `~keys`, `&channels`, `+command`, `+@category`, `-command`',
  };
}

/** Words that belong to another field. Passwords are never repeated. */
function misplaced(word: string): Pick<Finding, 'code' | 'summary' | 'hint' | 'evidence'> | undefined {
  if (word.length > MAX_RULE_LENGTH) {
    return {
      code: 'invalid-rules',
      summary: `a rule has more than ${MAX_RULE_LENGTH} characters`,
      hint: 'separate rules by blanks',
      evidence: printable(word.slice(0, 20)),
    };
  }
  if (/^[><#!]/.test(word)) {
    return {
      code: 'password-in-rules',
      evidence: `${word.slice(0, 1)}[hidden]`,
      summary: 'the rules contain a password',
      hint: 'take it out and use `password: { file: … }`; a password that was ever committed should be changed',
    };
  }
  switch (word.toLowerCase()) {
    case 'nopass':
    case 'resetpass':
      return {
        code: 'password-in-rules',
        evidence: word,
        summary: `\`${word}\` is about passwords, and users of RedisForge have one password or none`,
        hint: 'remove it; the password is given by `password: { file: … }`',
      };
    case 'on':
    case 'off':
      return {
        code: 'state-in-rules',
        evidence: word,
        summary: 'the rules switch the user on or off',
        hint: `remove it; use \`enabled: ${word.toLowerCase() === 'on'}\``,
      };
    case 'reset':
      return {
        code: 'state-in-rules',
        evidence: word,
        summary: 'every user begins from `reset`',
        hint: 'remove it',
      };
    default:
      return undefined;
  }
}
