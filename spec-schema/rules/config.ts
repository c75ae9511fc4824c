/** Directives: known, ours to set or the user's, acceptable to the server, and fit for this cluster. */
import type { ClusterSpec } from '../cluster-spec.ts';
import {
  canonicalValue,
  type Directive,
  findDirective,
  knownIn,
  suggestDirective,
  valueSince,
} from '../directives.ts';
import { effectiveConfig, hasPersistence } from '../effective.ts';
import type { Finding } from '../finding.ts';
import type { SpecPath } from '../locate.ts';
import type { Rule, RuleContext } from './rule.ts';

type Config = ClusterSpec['redis']['config'];

export const configRules: Rule = function* (context) {
  yield* directives(context, context.spec.redis.config, ['redis', 'config']);
  for (const node of context.nodes) {
    if (node.config !== undefined) yield* directives(context, node.config, context.at(node, 'config'));
  }
  yield* persistence(context);
};

function* directives(context: RuleContext, config: Config, path: SpecPath): Iterable<Finding> {
  const seen = new Map<string, string>();
  for (const [written, value] of Object.entries(config)) {
    const directive = findDirective(written);
    const here: SpecPath = [...path, written];
    if (directive === undefined) {
      yield unknown(written, here);
      continue;
    }
    const earlier = seen.get(directive.name);
    seen.set(directive.name, written);
    if (earlier !== undefined) {
      yield {
        severity: 'error',
        code: 'duplicate-directive',
        path: here,
        target: 'key',
        summary: `\`${written}\` and \`${earlier}\` are the same directive`,
        hint: `keep one of them, as \`${directive.name}\``,
      };
    }
    if (directive.owner === 'redisforge') yield owned(directive, here);
    else yield* acceptable(context, directive, value, here);
  }
}

function unknown(written: string, path: SpecPath): Finding {
  const near = written.length > 64 ? undefined : suggestDirective(written);
  return {
    severity: 'error',
    code: 'unknown-directive',
    path,
    target: 'key',
    summary: 'Redis has no such directive',
    hint: near === undefined ? 'see redis.conf of your version for the names' : `did you mean \`${near}\`?`,
  };
}

function owned(directive: Directive, path: SpecPath): Finding {
  return {
    severity: 'error',
    code: 'owned-directive',
    path,
    target: 'key',
    summary: `\`${directive.name}\` is set by RedisForge`,
    hint: `remove it${insteadOf(directive.name)}`,
  };
}

/** Where the spec says what an owned directive is about. */
function insteadOf(name: string): string {
  switch (name) {
    case 'port':
    case 'cluster-announce-port':
    case 'replica-announce-port':
      return '; the port is `nodes[].port`';
    case 'cluster-port':
    case 'cluster-announce-bus-port':
      return '; the bus port is `nodes[].busPort`';
    case 'bind':
    case 'cluster-announce-ip':
    case 'replica-announce-ip':
      return '; the address is `nodes[].address` or `hosts[].address`';
    case 'cluster-announce-hostname':
    case 'cluster-preferred-endpoint-type':
      return '; the name for clients is `network.hostname`';
    case 'requirepass':
    case 'aclfile':
    case 'user':
    case 'acl-pubsub-default':
      return '; who may log in is said under `users`';
    case 'masterauth':
    case 'masteruser':
      return "; the replication user's password is `auth.replication.password`";
    case 'replicaof':
      return '; which shard a node belongs to is `nodes[].shard`';
    default:
      return name.startsWith('tls-')
        ? '; TLS cannot be configured yet'
        : '; it follows from the rest of the spec';
  }
}

function* acceptable(
  context: RuleContext,
  directive: Directive,
  value: string | number | boolean,
  path: SpecPath,
): Iterable<Finding> {
  const { version } = context;
  if (version !== undefined && !knownIn(directive, version)) {
    const gone = directive.removed !== undefined && knownIn({ ...directive, removed: '999.0.0' }, version);
    yield {
      severity: 'error',
      code: 'directive-not-in-version',
      path,
      target: 'key',
      summary: gone
        ? `\`${directive.name}\` has no effect since Redis ${directive.removed}, and the cluster runs ${version}`
        : `\`${directive.name}\` came with Redis ${directive.since}, and the cluster runs ${version}`,
      hint: gone ? 'remove it' : `remove it, or use an image of Redis ${directive.since} or later`,
    };
    return;
  }
  const canonical = canonicalValue(directive, value);
  if (!canonical.ok) {
    yield {
      severity: 'error',
      code: 'invalid-directive-value',
      path,
      summary: `Redis does not accept this value of \`${directive.name}\`: ${canonical.reason}`,
      hint: `change it; the default is ${directive.default === '' ? 'empty' : `\`${directive.default}\``}`,
    };
    return;
  }
  const since = valueSince(directive, canonical.value);
  if (version !== undefined && since !== undefined && !knownIn({ ...directive, since }, version)) {
    yield {
      severity: 'error',
      code: 'directive-not-in-version',
      path,
      summary: `this value of \`${directive.name}\` came with Redis ${since}, and the cluster runs ${version}`,
      hint: `choose another value, or use an image of Redis ${since} or later`,
    };
  }
  if (directive.requires === 'bundled-jemalloc' && canonical.value !== directive.default) {
    yield {
      severity: 'warning',
      code: 'needs-bundled-jemalloc',
      path,
      summary: `with \`${directive.name} ${canonical.value}\` a server that was built with another allocator than its own jemalloc does not start`,
      hint: 'keep it only if the image is known to have it: the official ones do, packages of distributions do not',
    };
  }
}

/** M11: a primary that comes back empty makes its replicas empty too. */
function* persistence(context: RuleContext): Iterable<Finding> {
  if (!context.isWhole('redis')) return;
  const volatile = context.nodes.filter((node) => !hasPersistence(effectiveConfig(context.spec, node)));
  const everywhere = volatile.length === context.nodes.length;
  for (const node of everywhere ? volatile.slice(0, 1) : volatile) {
    const place = [context.at(node, 'config', 'save'), ['redis', 'config', 'save']] as const;
    const own = node.config !== undefined && ('save' in node.config || 'appendonly' in node.config);
    yield {
      severity: 'warning',
      code: 'no-persistence',
      path: own ? place[0] : place[1],
      summary: `${everywhere ? 'the nodes keep' : `\`${node.name}\` keeps`} nothing on disk: after a crash a primary would come back empty and its replicas would copy that, so Docker is told not to restart ${everywhere ? 'them' : 'it'} and a failover is needed every time`,
      hint: 'set `appendonly: yes`, or remove `save: ""`',
    };
  }
}
