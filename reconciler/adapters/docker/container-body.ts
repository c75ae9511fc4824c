/** A container plan as the body of the engine's create call. */
import type { ContainerLimits, ContainerPlan } from '../../ports.ts';
import type { ImageFacts } from './image-facts.ts';

const LOG_ROTATION = { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } };

/** How long the engine waits for redis-server to write its data when the engine itself is stopped. */
const STOP_TIMEOUT_SECONDS = 60;

/** Where in a data directory everything lies that {@link ContainerPlan.files} names. */
export const CONF = 'conf';

export function containerBody(plan: ContainerPlan, image: ImageFacts): object {
  const port = `${plan.port}/tcp`;
  return {
    Image: plan.image,
    User: image.user,
    // Neither secrets nor settings stand here: `docker inspect`, `ps` and the events of the engine show it all.
    Entrypoint: ['redis-server'],
    Cmd: [`${image.dataDirectory}/${CONF}/redis.conf`],
    WorkingDir: image.dataDirectory,
    Labels: plan.labels,
    StopSignal: 'SIGTERM',
    StopTimeout: STOP_TIMEOUT_SECONDS,
    ...(plan.publish === '' ? {} : { ExposedPorts: { [port]: {} } }),
    HostConfig: {
      ...limitsBody(plan),
      NetworkMode: plan.network,
      ...(plan.publish === '' ? {} : { PortBindings: { [port]: [hostBinding(plan.publish)] } }),
      // The image's own content of the directory is not copied: its owner would come with it.
      Mounts: [
        { Type: 'volume', Source: plan.volume, Target: image.dataDirectory, VolumeOptions: { NoCopy: true } },
      ],
      ...(plan.nofile > 0 ? { Ulimits: [{ Name: 'nofile', Soft: plan.nofile, Hard: plan.nofile }] } : {}),
      LogConfig: LOG_ROTATION,
      Init: false,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges:true'],
    },
    ...(plan.ip === ''
      ? {}
      : {
          NetworkingConfig: { EndpointsConfig: { [plan.network]: { IPAMConfig: { IPv4Address: plan.ip } } } },
        }),
  };
}

/** Swap is held at the memory limit: a redis-server that swaps is worse than one that is killed. */
export function limitsBody(limits: ContainerLimits): object {
  return {
    RestartPolicy: { Name: limits.restart },
    ...(limits.memoryBytes > 0 ? { Memory: limits.memoryBytes, MemorySwap: limits.memoryBytes } : {}),
    ...(limits.cpus > 0 ? { NanoCpus: Math.round(limits.cpus * 1e9) } : {}),
  };
}

function hostBinding(publish: string): object {
  const at = publish.lastIndexOf(':');
  return { HostIp: publish.slice(0, at).replace(/^\[(.*)\]$/, '$1'), HostPort: publish.slice(at + 1) };
}
