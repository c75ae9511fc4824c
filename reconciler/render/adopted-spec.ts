/** The `cluster.yaml` of a cluster that was found running. Whatever a person has to decide is marked with CHECK. */
import { findDirective } from '../../spec-schema/directives.ts';
import { type Scalar, scalarFrom, scalarText } from '../../spec-schema/edit/scalar-text.ts';
import type {
  AdoptedHost,
  AdoptedNode,
  AdoptedResources,
  AdoptedShard,
  AdoptedSpec,
} from '../planner/adoption/adoption.ts';
import type { AdoptedUser } from '../planner/adoption/users.ts';
import { counted } from './quantities.ts';
import { visibleLine } from './visible.ts';

/** Lines of comments are broken here, as in the example. */
const WIDTH = 118;

/**
 * Stands where a person has to put the fingerprint of a host key: it has the form of one, and is that of no key, so that
 * the file can be read but nobody is trusted by it.
 */
const NO_HOST_KEY = 'SHA256:ReplaceByTheHostKeyFingerprintOfThisMachine';

const NO_ROLES =
  'the roles that nodes have now put half of the primaries or more into one zone, and are left out: say which node of each shard is to be the primary';

export function adoptedSpecText(adopted: AdoptedSpec): string {
  const { remarks } = adopted;
  return [
    ...heading(adopted),
    'apiVersion: redisforge.dev/v1',
    'kind: RedisCluster',
    '',
    'metadata:',
    ...checks(remarks.metadata, '  '),
    `  name: ${scalarText(adopted.cluster)}`,
    '',
    'redis:',
    ...checks(remarks.redis, '  '),
    `  image: ${scalarText(adopted.image)}`,
    ...config(adopted),
    '',
    ...resources(adopted),
    ...placement(adopted),
    ...network(adopted),
    '',
    ...auth(adopted),
    '',
    ...users(adopted),
    '',
    'hosts:',
    ...checks(remarks.hosts, '  '),
    ...adopted.hosts.flatMap(host),
    '',
    'nodes:',
    ...checks([...remarks.nodes, ...(adopted.prefersRoles ? [] : [NO_ROLES])], '  '),
    ...adopted.shards.flatMap((members, index) => shard(members, index, adopted.prefersRoles)),
    ...weights(adopted),
    ...pause(adopted),
    '',
  ].join('\n');
}

function heading({ seed, shards }: AdoptedSpec): string[] {
  const nodes = shards.flatMap(({ nodes: members }) => members).length;
  return comment(
    `Written by \`redisforge adopt ${visibleLine(seed)}\` from a running cluster of ${counted(nodes, 'node')} in ${counted(shards.length, 'shard')}. What the servers cannot know is marked with CHECK: decide it, take the mark out, and look at \`redisforge plan\` before this file takes effect.`,
    '',
  );
}

function config({ config: directives }: AdoptedSpec): string[] {
  const lines = Object.entries(directives).map(
    ([name, value]) => `    ${entry(name, directiveValue(name, value))}`,
  );
  return lines.length === 0 ? [] : ['  # What differs from the defaults of Redis.', '  config:', ...lines];
}

function resources({ resources: limits }: AdoptedSpec): string[] {
  return inBraces('resources', resourceEntries(limits)).flatMap((line) => [line, '']);
}

function placement({ placement: rule }: AdoptedSpec): string[] {
  if (rule === 'zone') return [];
  return [
    ...checks(
      [
        'members of a shard share a host, so that it is lost with that: leave this out when they do not any more',
      ],
      '',
    ),
    `placement: ${rule}`,
    '',
  ];
}

function network({ network: found }: AdoptedSpec): string[] {
  if (found.mode === 'host') return ['network: { mode: host }'];
  const { subnet, publish, hostname } = found;
  const fields = Object.entries(defined({ mode: 'bridge', subnet, publish, hostname }));
  return ['network:', ...fields.map(([key, value]) => `  ${entry(key, value)}`)];
}

function auth({ users: { isKnown } }: AdoptedSpec): string[] {
  const remark = isKnown
    ? "RedisForge's own two users are there already: put the passwords that they have into these files"
    : "passwords for RedisForge's own two users, in the secrets directory; `redisforge secrets` makes them up";
  return [
    'auth:',
    ...checks([remark], '  '),
    '  operator: { password: { file: operator-password } }',
    '  replication: { password: { file: replication-password } }',
  ];
}

function users({ users: { users: found, remarks } }: AdoptedSpec): string[] {
  const head = found.length === 0 ? 'users: []' : 'users:';
  return [...checks(remarks, ''), head, ...found.flatMap(user)];
}

function user({ name, rules, enabled, passwordFile, remarks }: AdoptedUser): string[] {
  return [
    ...checks(remarks, '  '),
    `  - name: ${scalarText(name)}`,
    `    rules: ${scalarText(rules)}`,
    ...(enabled ? [] : ['    enabled: false']),
    ...(passwordFile === undefined ? [] : [`    password: { file: ${scalarText(passwordFile)} }`]),
  ];
}

function host({ name, zone, address, docker }: AdoptedHost): string[] {
  const base = { name, zone, ...(address === undefined ? {} : { address }) };
  const known = { ...base, ...(docker === undefined ? {} : { docker }) };
  if (docker !== undefined)
    return [
      `  - { ${Object.entries(known)
        .map(([key, value]) => entry(key, value))
        .join(', ')} }`,
    ];
  const machine = address?.includes(':') === true ? `[${address}]` : (address ?? '');
  return [
    ...Object.entries(base).map(
      ([key, value], index) => `${index === 0 ? '  - ' : '    '}${entry(key, value)}`,
    ),
    `    docker: ssh://ops@${machine}`,
    '    ssh:',
    `      hostKey: ${NO_HOST_KEY}`,
    '      identity: { file: ssh-key }',
  ];
}

function shard({ name, slots, nodes }: AdoptedShard, index: number, prefersRoles: boolean): string[] {
  const rows = nodes.map((node) => nodeFields(node, name, prefersRoles));
  const widths = Object.fromEntries(
    Object.keys(rows[0] ?? {}).map((key) => [key, Math.max(...rows.map((row) => row[key]?.length ?? 0))]),
  );
  return [
    ...(index === 0 ? [] : ['']),
    ...comment(slots === '' ? 'No slots' : `Slots ${slots}`, '  '),
    ...nodes.flatMap((node, at) => [
      ...checks(node.remarks, '  '),
      `  - ${nodeEntry(node, rows[at] ?? {}, widths)}`,
    ]),
  ];
}

/** Written where they are uneven, so that taking a cluster over does not begin with moving its slots. */
function weights({ shards }: AdoptedSpec): string[] {
  const weighted = shards.filter(({ weight }) => weight !== undefined);
  if (weighted.length === 0) return [];
  return [
    '',
    'shards:',
    ...checks(
      [
        'slots are shared as unevenly as they are now; take this section out to have them moved to like shares',
        ...(weighted.length < shards.length ? ['a shard without slots gets a share in any case'] : []),
      ],
      '  ',
    ),
    ...weighted.map(({ name, weight }) => `  - { ${entry('name', name)}, ${entry('weight', weight ?? 1)} }`),
  ];
}

/** A file that was only looked through in part must not do anything yet. */
function pause({ isOurs }: AdoptedSpec): string[] {
  if (isOurs) return [];
  const remark =
    'these servers run in no containers of RedisForge, and it changes nothing that it did not make: while one of them answers, the plan shows what it holds, and makes nothing beside it. Once all are stopped, new and empty servers would be made at their addresses: take this out when that is what is to be done';
  return [
    '',
    ...checks([remark], ''),
    'paused: { reason: adopted from a running cluster and not taken over }',
  ];
}

/** Without what only some nodes have, which would make no columns. */
function nodeFields(node: AdoptedNode, shardName: string, prefersRoles: boolean): Record<string, string> {
  const { name, host: on, port, busPort, address } = node;
  const role = prefersRoles ? node.role : undefined;
  const fields = defined({ name, shard: shardName, host: on, role, port, busPort, address });
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, scalarText(value)]));
}

function nodeEntry(
  { config, resources }: AdoptedNode,
  fields: Readonly<Record<string, string>>,
  widths: Readonly<Record<string, number>>,
): string {
  const keys = Object.keys(fields);
  const columns = Object.entries(fields).map(([key, value]) => {
    const isLast = key === keys.at(-1);
    return `${key}: ${value}${isLast ? '' : `,${' '.repeat((widths[key] ?? 0) - value.length)}`}`;
  });
  const own = [
    ...inBraces(
      'config',
      Object.entries(config).map(([name, value]) => entry(name, directiveValue(name, value))),
    ),
    ...inBraces('resources', resourceEntries(resources)),
  ];
  return `{ ${columns.join(' ')}${own.map((text) => `, ${text}`).join('')} }`;
}

function inBraces(key: string, inside: readonly string[]): string[] {
  return inside.length === 0 ? [] : [`${key}: { ${inside.join(', ')} }`];
}

function resourceEntries({ memory, cpus, nofile }: AdoptedResources): string[] {
  const size = memory === undefined ? undefined : sizeText(memory);
  return Object.entries(defined({ memory: size, cpus, nofile })).map(([key, value]) => entry(key, value));
}

/** As a person would write it: sizes with a unit, numbers as numbers. */
function directiveValue(name: string, value: string): Scalar {
  if (findDirective(name)?.type.kind === 'memory' && /^\d+$/.test(value)) return sizeText(Number(value));
  return scalarFrom(value);
}

/** Exactly that many bytes, in the largest unit in which they are a whole number. */
function sizeText(bytes: number): Scalar {
  for (const [unit, size] of [
    ['gb', 1024 ** 3],
    ['mb', 1024 ** 2],
    ['kb', 1024],
  ] as const) {
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return bytes;
}

function entry(key: string, value: Scalar): string {
  return `${scalarText(key)}: ${scalarText(value)}`;
}

type Fields = Readonly<Record<string, Scalar | undefined>>;

function defined(fields: Fields): Record<string, Scalar> {
  return Object.fromEntries(
    Object.entries(fields).filter((field): field is [string, Scalar] => field[1] !== undefined),
  );
}

/** Remarks for a person, each with the mark that can be searched for. */
function checks(remarks: readonly string[], indent: string): string[] {
  return remarks.flatMap((remark) => comment(`CHECK: ${visibleLine(remark)}`, indent));
}

function comment(text: string, indent: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && indent.length + line.length + word.length < WIDTH)
      lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(`# ${word}`);
  }
  return lines.map((line) => `${indent}${line}`);
}
