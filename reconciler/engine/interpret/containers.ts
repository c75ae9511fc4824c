/** From an engine's answer to what there is of one node: volume, container, limits, addresses. */
import type { ClusterSpec } from '../../../spec-schema/cluster-spec.ts';
import type { LaunchState, NodeState } from '../../model/cluster-state.ts';
import type { Endpoint, MemberAddress } from '../../model/facts.ts';
import type { ContainerReading, EngineReading } from '../../model/readings.ts';
import { CLUSTER_LABEL, NODE_LABEL } from './labels.ts';
import type { RosterEntry } from './roster.ts';

export interface ContainerTruth {
  readonly volume: NodeState['volume'];
  readonly container: NodeState['container'];
  readonly launch: LaunchState | null;
  readonly reading: ContainerReading | undefined;
  /** Under which other members reach it; undefined while nobody can know. */
  readonly address: MemberAddress | undefined;
  /** Where RedisForge may reach it, best first; empty when its process does not run. */
  readonly endpoints: readonly Endpoint[];
}

function isOurs(labels: Readonly<Record<string, string>>, spec: ClusterSpec, node: RosterEntry): boolean {
  return labels[CLUSTER_LABEL] === spec.metadata.name && labels[NODE_LABEL] === node.container;
}

function containerState(reading: ContainerReading): NodeState['container'] {
  if (reading.status === 'running' || reading.status === 'paused') return 'running';
  // Made but never started, by somebody who was killed in between: making it again is the only thing that helps.
  if (reading.status === 'created') return 'absent';
  // One that restarts for ever has a process only now and then: it has to be started with other files.
  return reading.status === 'removing' ? 'unknown' : 'stopped';
}

function launchOf(reading: ContainerReading): LaunchState {
  return {
    image: reading.image,
    restart: reading.restart === 'always' ? 'always' : 'no',
    memoryBytes: reading.memoryBytes,
    cpus: reading.cpus,
    nofile: reading.nofile,
    network: reading.network,
    ip: reading.fixedIp,
    publish: reading.publish,
  };
}

/** A published port as an address that a process on the engine's host can dial. */
function publishedEndpoint(publish: string): Endpoint | undefined {
  const match = /^(.*):(\d+)$/.exec(publish);
  if (match === null) return undefined;
  const ip =
    match[1] === '' || match[1] === '0.0.0.0' || match[1] === '::' ? '127.0.0.1' : (match[1] as string);
  return { ip, port: Number(match[2]) };
}

/**
 * What is known of a node's volume and container.
 * @param engine the engine's answer; undefined when it did not give one, then everything is unknown, not absent.
 * @param lastIp address that the node had when it could last be looked at.
 */
export function containerTruth(
  spec: ClusterSpec,
  node: RosterEntry,
  engine: EngineReading | undefined,
  lastIp: string | undefined,
): ContainerTruth {
  const fixed = node.address;
  const memberAddress = (ip: string | undefined): MemberAddress | undefined =>
    ip === undefined || ip === '' ? undefined : { ip, port: node.port, busPort: node.busPort };
  if (engine === undefined) {
    const address = memberAddress(fixed ?? lastIp);
    return {
      volume: 'unknown',
      container: 'unknown',
      launch: null,
      reading: undefined,
      address,
      endpoints: address === undefined ? [] : [{ ip: address.ip, port: address.port }],
    };
  }
  const volume = engine.volumes.find(({ name }) => name === node.volume);
  const reading = engine.containers.find(({ name }) => name === node.container);
  const volumeState =
    volume === undefined ? 'absent' : isOurs(volume.labels, spec, node) ? 'ready' : 'foreign';
  if (reading === undefined) {
    return {
      volume: volumeState,
      container: 'absent',
      launch: null,
      reading: undefined,
      address: memberAddress(fixed),
      endpoints: [],
    };
  }
  if (!isOurs(reading.labels, spec, node)) {
    return {
      volume: volumeState,
      container: 'foreign',
      launch: null,
      reading,
      address: memberAddress(fixed),
      endpoints: [],
    };
  }
  const state = containerState(reading);
  // The address that the container has, not the one that it should have: it may have been made by somebody else.
  const ip = spec.network.mode === 'bridge' ? reading.ip || fixed : fixed;
  const address = memberAddress(ip);
  const published = publishedEndpoint(reading.publish);
  const direct = address === undefined ? [] : [{ ip: address.ip, port: address.port }];
  return {
    volume: volumeState,
    container: state,
    launch: launchOf(reading),
    reading,
    address,
    endpoints: state === 'running' ? [...direct, ...(published === undefined ? [] : [published])] : [],
  };
}
