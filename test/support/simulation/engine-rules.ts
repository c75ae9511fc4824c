/** Whether an engine answers, what it tells of a container, and what it does not let RedisForge touch. */
import type { ContainerReading } from '../../../reconciler/model/readings.ts';
import { type FileToPut, PortError } from '../../../reconciler/ports.ts';
import { baseName } from './boot.ts';
import { engineRuns } from './docker.ts';
import { type Container, type Machine, REDISFORGE, type World } from './world.ts';

export const CLUSTER_LABEL = 'dev.redisforge.cluster';
const NODE_LABEL = 'dev.redisforge.node';

type Labels = Readonly<Record<string, string>>;

export function reachOf(world: World, machine: Machine): 'answers' | 'silence' | 'refusal' {
  if (!world.passes(REDISFORGE, machine.docker)) return 'silence';
  if (engineRuns(machine)) return 'answers';
  return machine.answer === 'silence' && machine.power === 'off' ? 'silence' : 'refusal';
}

export function putFiles(container: Container, files: readonly FileToPut[]): void {
  for (const { path, content } of files) container.volume.files.set(baseName(path), content);
}

export function readingOf(container: Container): ContainerReading {
  const { plan } = container;
  return {
    id: container.id,
    name: plan.name,
    labels: plan.labels,
    status: container.status,
    exitCode: container.exitCode,
    oomKilled: container.oomKilled,
    startedAt: container.startedAt,
    finishedAt: container.finishedAt,
    error: container.error,
    image: plan.image,
    restart: container.restart,
    memoryBytes: container.memoryBytes,
    cpus: container.cpus,
    nofile: plan.nofile,
    network: plan.network,
    fixedIp: plan.ip,
    ip: container.ip,
    publish: plan.publish,
    volumes: [plan.volume],
  };
}

export function requireOurs(what: string, labels: Labels): void {
  if (labels[CLUSTER_LABEL] !== undefined) return;
  throw new PortError(
    'denied',
    `${what} carries no label ${CLUSTER_LABEL}: it is not ours, and is left alone`,
  );
}

export function requireSame(
  what: string,
  live: Labels,
  wanted: Labels,
  names: readonly string[] = [CLUSTER_LABEL, NODE_LABEL],
): void {
  const other = names.find((label) => live[label] !== wanted[label]);
  if (other !== undefined)
    throw new PortError('conflict', `${what} exists already with another ${other}: it is left alone`);
}
