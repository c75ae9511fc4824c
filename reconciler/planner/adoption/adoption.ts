/**
 * From what a live cluster says of itself to the spec that describes it: nothing that works is changed, and whatever
 * the servers cannot know (zones, engines, passwords) is left to a person, with a remark.
 */
import { ipKey } from '../../../spec-schema/rules/ip.ts';
import type { ContainerReading } from '../../model/readings.ts';
import { formatSlots } from '../../model/slots.ts';
import { adoptedConfig, mostCommon } from './config.ts';
import { byAddress, foundShards, type Group, isDeadWeight } from './shards.ts';
import type { Survey, SurveyedMember } from './survey.ts';
import { type AdoptedUsers, adoptedUsers } from './users.ts';

export interface AdoptedSpec {
  readonly seed: string;
  readonly cluster: string;
  readonly image: string;
  readonly config: Readonly<Record<string, string>>;
  readonly resources: AdoptedResources;
  readonly placement: 'zone' | 'single-host';
  readonly network: AdoptedNetwork;
  readonly users: AdoptedUsers;
  readonly hosts: readonly AdoptedHost[];
  readonly shards: readonly AdoptedShard[];
  /** Whether the roles that nodes have now are to be their preferences. */
  readonly prefersRoles: boolean;
  /** Whether every member runs in a container of ours. What does not is nothing that RedisForge could change. */
  readonly isOurs: boolean;
  /** What a person has to decide, by the section that it is about. */
  readonly remarks: Readonly<Record<'metadata' | 'redis' | 'hosts' | 'nodes', readonly string[]>>;
}

export interface AdoptedResources {
  readonly memory?: number;
  readonly cpus?: number;
  readonly nofile?: number;
}

export type AdoptedNetwork =
  | { readonly mode: 'host' }
  | {
      readonly mode: 'bridge';
      readonly subnet?: string;
      readonly publish?: string;
      readonly hostname?: string;
    };

export interface AdoptedHost {
  readonly name: string;
  readonly zone: string;
  readonly address?: string;
  /** Undefined when nobody has said how its engine is reached. */
  readonly docker: string | undefined;
}

export interface AdoptedShard {
  readonly name: string;
  /** Undefined while all have a like share of the slots, which needs no saying. */
  readonly weight: number | undefined;
  /** In the form of `formatSlots`. */
  readonly slots: string;
  readonly nodes: readonly AdoptedNode[];
}

export interface AdoptedNode {
  readonly name: string;
  readonly host: string;
  readonly role: 'primary' | 'replica';
  readonly port: number;
  readonly busPort?: number;
  readonly address?: string;
  readonly config: Readonly<Record<string, string>>;
  readonly resources: AdoptedResources;
  readonly remarks: readonly string[];
}

const UNNAMED = 'adopted';
const BUS_PORT_OFFSET = 10_000;
const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

export function adoptedSpec(survey: Survey): AdoptedSpec {
  const { members } = survey;
  const cluster = survey.cluster ?? UNNAMED;
  const network = networkOf(survey);
  const found = foundShards(members);
  const groups = found.map((shard) => shard.members);
  const hosts = hostsOf(groups.flat(), survey.engine?.docker, network);
  const hostOf = (member: SurveyedMember): string => hosts.get(hostKey(member))?.name ?? '';
  const config = adoptedConfig(members, network.mode === 'bridge');
  const resources = resourcesOf(members);
  const nameOf = namer(cluster, groups);
  const shards = found.map(
    ({ name, members: group, weight }, index): AdoptedShard => ({
      name,
      weight,
      slots: formatSlots(group[0]?.view.slots ?? []),
      nodes: group.map((member, ordinal) => ({
        name: nameOf(member, index, ordinal),
        host: hostOf(member),
        role: ordinal === 0 ? 'primary' : 'replica',
        ...placeOf(member, network),
        config: config.own.get(member.id) ?? {},
        resources: resources.own(member),
        remarks: nodeRemarks(member),
      })),
    }),
  );
  const versions = members.flatMap(({ reading }) => reading?.version ?? []);
  const version = mostCommon(versions) ?? '0.0.0';
  const image = mostCommon(members.flatMap(({ container }) => container?.reading.image ?? []));
  return {
    seed: survey.seed,
    cluster,
    image: image ?? `redis:${version}`,
    config: config.common,
    resources: resources.common,
    placement: isApart(groups, hostOf) ? 'zone' : 'single-host',
    network,
    users: adoptedUsers(members, version),
    hosts: [...hosts.values()],
    shards,
    prefersRoles: true,
    isOurs: groups.flat().every(({ container }) => container !== undefined),
    remarks: {
      metadata:
        survey.cluster === undefined
          ? ['call it as you like: the name becomes part of those of volumes, and cannot be changed later']
          : [],
      redis: [...imageRemarks(versions, version, image), ...config.remarks],
      hosts: hostRemarks(survey),
      nodes: nodesRemarks(survey, groups),
    },
  };
}

/** A cluster of ours in a network of its own, or servers that use the network of their machines. */
function networkOf({ members, engine }: Survey): AdoptedNetwork {
  const containers = members.flatMap(({ container }) => container?.reading ?? []);
  const bridged = containers.filter(({ network }) => network !== 'host');
  if (bridged.length === 0 || bridged.length < members.length) return { mode: 'host' };
  const publish = mostCommon(bridged.flatMap((reading) => publishAddress(reading) ?? []));
  const names = members.map(({ reading }) => reading?.config['cluster-announce-hostname'] ?? '');
  const hostname = mostCommon(names.filter((name) => name !== ''));
  const isFixed = bridged.some(({ fixedIp }) => fixedIp !== '');
  return {
    mode: 'bridge',
    ...(isFixed && engine?.network !== undefined ? { subnet: engine.network.subnet } : {}),
    ...(publish === undefined ? {} : { publish }),
    ...(hostname === undefined ? {} : { hostname }),
  };
}

function publishAddress({ publish }: ContainerReading): string | undefined {
  return publish === '' ? undefined : publish.slice(0, publish.lastIndexOf(':'));
}

/** The hosts that our containers name, and one for each address of the others. */
function hostsOf(
  members: readonly SurveyedMember[],
  docker: string | undefined,
  network: AdoptedNetwork,
): Map<string, AdoptedHost> {
  const groups = Map.groupBy(members.toSorted(byAddress), hostKey);
  const inOrder = [...groups].sort(([a, [x]], [b, [y]]) =>
    x?.container?.host === undefined || y?.container?.host === undefined ? 0 : a < b ? -1 : 1,
  );
  return new Map(
    inOrder.map(([key, group], index) => {
      const contained = group.find(({ container }) => container !== undefined);
      const host: AdoptedHost = {
        name: contained?.container?.host ?? `h${index + 1}`,
        zone: `z${index + 1}`,
        ...(network.mode === 'host' ? { address: group[0]?.address.ip ?? '' } : {}),
        docker: contained === undefined ? undefined : docker,
      };
      return [key, host];
    }),
  );
}

function hostKey({ container, address }: SurveyedMember): string {
  return container?.host ?? ipKey(address.ip);
}

function placeOf(
  { address: { ip: _ip, port, busPort }, container }: SurveyedMember,
  network: AdoptedNetwork,
): Pick<AdoptedNode, 'port' | 'busPort' | 'address'> {
  const fixedIp = network.mode === 'bridge' ? (container?.reading.fixedIp ?? '') : '';
  return {
    port,
    ...(busPort === port + BUS_PORT_OFFSET ? {} : { busPort }),
    ...(fixedIp === '' ? {} : { address: fixedIp }),
  };
}

/** The limits of our containers: those of most for all, the others by node. Servers do not know theirs. */
function resourcesOf(members: readonly SurveyedMember[]): {
  readonly common: AdoptedResources;
  own(member: SurveyedMember): AdoptedResources;
} {
  const limits = (reading: ContainerReading | undefined) =>
    ({ memory: reading?.memoryBytes, cpus: reading?.cpus, nofile: reading?.nofile }) as const;
  const fields = ['memory', 'cpus', 'nofile'] as const;
  const all = members.map(({ container }) => limits(container?.reading));
  const common: Record<string, number> = {};
  for (const field of fields) {
    const usual = mostCommon(all.flatMap((limit) => limit[field] ?? []));
    if (usual !== undefined && usual > 0) common[field] = usual;
  }
  return {
    common,
    own({ container }) {
      const own = limits(container?.reading);
      // A limit that only this node has not cannot be told: a spec can set limits, not lift them.
      return Object.fromEntries(
        fields.flatMap((field) => {
          const value = own[field] ?? 0;
          return value > 0 && value !== common[field] ? [[field, value]] : [];
        }),
      );
    },
  };
}

/** The name in our containers, or else the one that every node announces, or else one made from shard and role. */
function namer(
  cluster: string,
  groups: readonly Group[],
): (member: SurveyedMember, shard: number, ordinal: number) => string {
  const members = groups.flat();
  const given = (member: SurveyedMember): string =>
    member.container?.node ?? member.reading?.config['cluster-announce-human-nodename'] ?? '';
  const names = new Set(members.map(given).filter((name) => NAME.test(name)));
  if (names.size === members.length) return given;
  return (_, shard, ordinal) =>
    `${cluster}-${shard + 1}${ordinal === 0 ? '' : ordinal === 1 ? 'r' : `r${ordinal}`}`;
}

function isApart(groups: readonly Group[], hostOf: (member: SurveyedMember) => string): boolean {
  const hosts = new Set(groups.flat().map(hostOf));
  return hosts.size > 1 && groups.every((group) => new Set(group.map(hostOf)).size === group.length);
}

function nodeRemarks({ reading, failure, view, address }: SurveyedMember): string[] {
  const port = reading?.config['port'] ?? '';
  return [
    ...(port !== '' && Number(port) !== address.port
      ? [`it listens on port ${port}, and is known to the others under ${address.port}: something translates`]
      : []),
    ...(reading === undefined
      ? [
          `it could not be asked (${failure?.message ?? 'no answer'}): what is said of it is what the others say`,
        ]
      : reading.loading
        ? ['it was reading its data, and told nothing else: what is said of it is what the others say']
        : []),
    ...(view.failing === 'failed' ? ['the cluster takes it for dead'] : []),
  ];
}

function imageRemarks(versions: readonly string[], version: string, image: string | undefined): string[] {
  const others = [...new Set(versions)].filter((other) => other !== version);
  return [
    ...(image === undefined
      ? ['an image that holds this version: the servers do not know where they came from']
      : []),
    ...(others.length === 0 ? [] : [`other nodes run ${others.join(', ')}: they would be made ${version}`]),
  ];
}

function hostRemarks({ members }: Survey): string[] {
  const isKnown = members.every(({ container }) => container !== undefined);
  return [
    'a zone is what fails together (a rack, a room); here every host is taken for a zone of its own',
    ...(isKnown
      ? []
      : [
          'how RedisForge reaches the Docker Engine of each host: user, key, and the fingerprint of the host key',
        ]),
  ];
}

function nodesRemarks({ members }: Survey, groups: readonly Group[]): string[] {
  const placed = new Set(groups.flat());
  const lost = members.filter((member) => !placed.has(member));
  return [
    ...(groups.length < 3
      ? ['a cluster of fewer than three shards cannot agree on a failover, and is refused']
      : []),
    ...lost.map(({ id, address, view }) => {
      const who = `member ${id.slice(0, 8)}${address.ip === '' ? '' : ` at ${address.ip}:${address.port}`}`;
      return isDeadWeight(view)
        ? `left out: ${who}, which is dead and owns nothing: take it out of the cluster (CLUSTER FORGET on every node)`
        : `left out: ${who}, which is neither a primary nor the replica of one that is here`;
    }),
  ];
}
