/** An engine's JSON about a container, a volume or a network, as readings. */
import type { ContainerReading, NetworkReading, VolumeReading } from '../../model/readings.ts';

/** The part of a container's JSON that is looked at. */
export interface ContainerJson {
  readonly Id: string;
  readonly Name: string;
  readonly Image: string;
  readonly RestartCount: number;
  readonly State: {
    readonly Status: ContainerReading['status'];
    readonly Running: boolean;
    readonly Restarting: boolean;
    readonly OOMKilled: boolean;
    readonly ExitCode: number;
    readonly Error: string;
    readonly StartedAt: string;
    readonly FinishedAt: string;
  };
  readonly Config: {
    readonly Image: string;
    readonly User: string;
    readonly Cmd: readonly string[] | null;
    readonly Labels: Readonly<Record<string, string>> | null;
  };
  readonly HostConfig: {
    readonly NetworkMode: string;
    readonly RestartPolicy: { readonly Name: string };
    readonly Memory: number;
    readonly NanoCpus: number;
    readonly Ulimits: readonly { readonly Name: string; readonly Soft: number }[] | null;
    readonly PortBindings: Readonly<
      Record<string, readonly { readonly HostIp?: string; readonly HostPort: string }[] | null>
    > | null;
  };
  readonly Mounts: readonly { readonly Type: string; readonly Name?: string; readonly Destination: string }[];
  readonly NetworkSettings: {
    readonly Networks: Readonly<
      Record<
        string,
        { readonly IPAddress: string; readonly IPAMConfig: { readonly IPv4Address?: string } | null }
      >
    > | null;
  };
}

export interface VolumeJson {
  readonly Name: string;
  readonly Labels: Readonly<Record<string, string>> | null;
}

export interface NetworkJson {
  readonly Id: string;
  readonly Name: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly IPAM: { readonly Config: readonly { readonly Subnet?: string }[] | null } | null;
}

export function containerReading(json: ContainerJson): ContainerReading {
  const { State: state, HostConfig: host, Config: config } = json;
  const network = host.NetworkMode === 'default' ? 'bridge' : host.NetworkMode;
  const attachment = json.NetworkSettings.Networks?.[network];
  return {
    id: json.Id,
    name: json.Name.replace(/^\//, ''),
    labels: config.Labels ?? {},
    status: state.Status,
    exitCode: state.ExitCode,
    oomKilled: state.OOMKilled,
    startedAt: milliseconds(state.StartedAt),
    finishedAt: milliseconds(state.FinishedAt),
    error: state.Error,
    image: config.Image,
    restart: host.RestartPolicy.Name === '' ? 'no' : host.RestartPolicy.Name,
    memoryBytes: host.Memory,
    cpus: host.NanoCpus / 1e9,
    nofile: host.Ulimits?.find((limit) => limit.Name === 'nofile')?.Soft ?? 0,
    network,
    fixedIp: attachment?.IPAMConfig?.IPv4Address ?? '',
    ip: attachment?.IPAddress ?? '',
    publish: firstPublished(host.PortBindings),
    volumes: json.Mounts.flatMap((mount) =>
      mount.Type === 'volume' && mount.Name !== undefined ? [mount.Name] : [],
    ),
  };
}

export function volumeReading(json: VolumeJson): VolumeReading {
  return { name: json.Name, labels: json.Labels ?? {} };
}

export function networkReading(json: NetworkJson): NetworkReading {
  return { name: json.Name, labels: json.Labels ?? {}, subnet: json.IPAM?.Config?.[0]?.Subnet ?? '' };
}

function firstPublished(bindings: ContainerJson['HostConfig']['PortBindings']): string {
  const first = Object.values(bindings ?? {})
    .flatMap((binding) => binding ?? [])
    .at(0);
  return first === undefined ? '' : `${first.HostIp || '0.0.0.0'}:${first.HostPort}`;
}

/** The engine writes year 1 for "never". */
function milliseconds(time: string): number {
  const parsed = Date.parse(time);
  return Number.isNaN(parsed) ? 0 : Math.max(parsed, 0);
}
