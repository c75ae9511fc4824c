/** The access-control users that every node has: RedisForge's own two, the switched-off default, and the spec's. */
import { type ClusterSpec, OPERATOR_USER, REPLICATION_USER } from '../../spec-schema/cluster-spec.ts';
import { canonicalRules } from '../wire/acl.ts';

/**
 * What RedisForge may do: administer, never read or write a key.
 *
 * Everything that a step sends is here and nothing more; `+acl|setuser` and `+sync` still make its password as
 * good as root, so it is guarded like one.
 */
export const OPERATOR_RULES = [
  'resetchannels',
  '-@all',
  ...[
    'ping',
    'hello',
    'info',
    'dbsize',
    'wait',
    'lastsave',
    'bgsave',
    'bgrewriteaof',
    'psync',
    'sync',
    'replconf',
  ],
  ...[
    'info',
    'nodes',
    'shards',
    'slots',
    'links',
    'myid',
    'myshardid',
    'meet',
    'forget',
    'replicate',
    'failover',
  ].map((sub) => `cluster|${sub}`),
  ...['addslotsrange', 'set-config-epoch', 'migration', 'reset', 'slot-stats', 'countkeysinslot'].map(
    (sub) => `cluster|${sub}`,
  ),
  ...['get', 'set', 'rewrite'].map((sub) => `config|${sub}`),
  ...['list', 'getuser', 'setuser', 'deluser', 'save', 'load', 'dryrun', 'whoami', 'log'].map(
    (sub) => `acl|${sub}`,
  ),
  ...['pause', 'unpause', 'list', 'kill', 'setname', 'setinfo', 'info', 'no-evict'].map(
    (sub) => `client|${sub}`,
  ),
  ...['latency|latest', 'slowlog|get', 'memory|stats', 'function|list'],
].map((rule, index) => (index < 2 ? rule : `+${rule}`));

/** What a replica needs to follow its primary. */
export const REPLICATION_RULES = ['resetchannels', '-@all', '+psync', '+replconf', '+ping'];

/** A user as it should be, before its passwords are known. */
export interface DesiredUser {
  readonly name: string;
  readonly enabled: boolean;
  /** Canonical text, as `canonicalRules` gives it. */
  readonly rules: string;
}

function canonical(name: string, rules: readonly string[] | string): string {
  const result = canonicalRules(rules);
  // The spec was checked with the same function when it was read; a refusal here is a bug in RedisForge.
  if (!result.ok) throw new RangeError(`rules of user ${name}: ${result.token}: ${result.reason}`);
  return result.rules;
}

/** All users of a cluster's nodes, the default user (off, without rights) first. */
export function desiredUsers(spec: ClusterSpec): DesiredUser[] {
  return [
    { name: 'default', enabled: false, rules: canonical('default', []) },
    { name: OPERATOR_USER, enabled: true, rules: canonical(OPERATOR_USER, OPERATOR_RULES) },
    { name: REPLICATION_USER, enabled: true, rules: canonical(REPLICATION_USER, REPLICATION_RULES) },
    ...spec.users.map((user) => ({
      name: user.name,
      enabled: user.enabled,
      rules: canonical(user.name, user.rules),
    })),
  ];
}

/** One text per user for the documents: on or off, keyed digests of its passwords, canonical rules. */
export function userText(
  user: { readonly enabled: boolean; readonly nopass: boolean; readonly rules: string },
  digests: readonly string[],
): string {
  const secrets = [...digests].sort().map((digest) => `#${digest}`);
  return [user.enabled ? 'on' : 'off', ...(user.nopass ? ['nopass'] : []), ...secrets, user.rules].join(' ');
}
