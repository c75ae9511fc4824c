/** Directives of a live cluster: what most nodes have is for all, the rest for the node alone, defaults are not told. */
import { clusterSpecSchema } from '../../../spec-schema/cluster-spec.ts';
import { DIRECTIVES, type Directive } from '../../../spec-schema/directive-table.ts';
import { canonicalValue } from '../../../spec-schema/directives.ts';
import type { NodeId } from '../../model/cluster-state.ts';
import { intentOf } from '../intent.ts';
import type { SurveyedMember } from './survey.ts';

/** Directives that a spec may set, each with what would be in force if the spec did not. */
const WRITABLE: readonly { readonly directive: Directive; readonly silent: string }[] = (() => {
  const silent = setUnasked();
  return DIRECTIVES.filter(({ owner, type }) => owner === 'user' && type.kind !== 'file-only').map(
    (directive) => ({ directive, silent: silent[directive.name] ?? directive.default }),
  );
})();

/** Directives that RedisForge sets itself, but that tell something. Passwords are not read. */
const TELLING = [
  'cluster-announce-human-nodename',
  'cluster-announce-hostname',
  'cluster-preferred-endpoint-type',
  'port',
  'tls-port',
  'tls-cluster',
] as const;

/** The directives that adoption asks each node for. */
export const ADOPTED_DIRECTIVES: readonly string[] = [
  ...WRITABLE.map(({ directive }) => directive.name),
  ...TELLING,
];

export interface AdoptedConfig {
  readonly common: Readonly<Record<string, string>>;
  readonly own: ReadonlyMap<NodeId, Readonly<Record<string, string>>>;
  readonly remarks: readonly string[];
}

/** @param isBridged RedisForge announces host names there itself. */
export function adoptedConfig(members: readonly SurveyedMember[], isBridged: boolean): AdoptedConfig {
  const common: Record<string, string> = {};
  const own = new Map<NodeId, Record<string, string>>(members.map(({ id }) => [id, {}]));
  const remarks: string[] = [];
  for (const { directive, silent } of WRITABLE) {
    const { name } = directive;
    const values = new Map<NodeId, string>();
    for (const { id, reading } of members) {
      const value = reading?.config[name];
      if (value === undefined) continue;
      const canonical = canonicalValue(directive, value);
      if (canonical.ok && canonical.value === value) values.set(id, value);
      else
        remarks.push(
          `${name} cannot be kept as it is: ${canonical.ok ? `it would become ${canonical.value}` : canonical.reason}`,
        );
    }
    const usual = mostCommon([...values.values()]);
    if (usual === undefined) continue;
    if (usual !== silent) common[name] = usual;
    for (const [id, value] of values)
      if (value !== usual) (own.get(id) as Record<string, string>)[name] = value;
  }
  return { common, own, remarks: [...new Set(remarks), ...telling(members, isBridged)] };
}

/** What differs from how RedisForge runs clusters, and is going to change. */
function telling(members: readonly SurveyedMember[], isBridged: boolean): string[] {
  const isSet = (name: (typeof TELLING)[number], unlike: readonly string[]): boolean =>
    members.some(({ reading }) => !unlike.includes(reading?.config[name] ?? ''));
  return [
    ...(isSet('tls-port', ['', '0']) || isSet('tls-cluster', ['', 'no'])
      ? ['some nodes use TLS, which cannot be configured yet: they would be served without it']
      : []),
    ...(!isBridged && isSet('cluster-announce-hostname', [''])
      ? [
          'some nodes announce a host name (cluster-announce-hostname): RedisForge lets them announce addresses',
        ]
      : []),
  ];
}

/** What RedisForge sets for a node of which a spec says nothing, as far as a spec could. */
function setUnasked(): Record<string, string> {
  const spec = clusterSpecSchema.parse({
    apiVersion: 'redisforge.dev/v1',
    kind: 'RedisCluster',
    metadata: { name: 'any' },
    redis: { image: 'redis:0.0.0' },
    auth: { operator: { password: { env: 'A' } }, replication: { password: { env: 'A' } } },
    hosts: [{ name: 'any', zone: 'any', docker: 'unix:///any' }],
    nodes: [{ name: 'any', shard: 'any', host: 'any' }],
  });
  return { ...intentOf(spec, { users: {}, replicationPassword: '' }).nodes['any']?.config };
}

export function mostCommon<T>(values: readonly T[]): T | undefined {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}
