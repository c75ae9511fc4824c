/** Makes the ports real. What a command does not need is not even loaded. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { GitAccess } from '../adapters/git/remote.ts';
import type { Ports } from '../engine/cluster.ts';
import type { Leases, SpecRepository } from '../ports.ts';
import type { RunSettings, Settings } from './settings.ts';

export interface Wiring {
  readonly ports: Ports;
  readonly leases: Leases;
  close(): Promise<void>;
}

export async function wire(settings: Settings): Promise<Wiring> {
  const [
    { DockerEngines },
    { IoRedis },
    { SystemClock },
    { FileLeases },
    { FileStateStore },
    { LocalSecrets },
  ] = await Promise.all([
    import('../adapters/docker/engines.ts'),
    import('../adapters/redis/redis.ts'),
    import('../adapters/state/clock.ts'),
    import('../adapters/state/file-leases.ts'),
    import('../adapters/state/file-store.ts'),
    import('../adapters/state/secrets.ts'),
  ]);
  const secrets = new LocalSecrets({ directory: settings.secretsDir, environment: settings.environment });
  const engines = new DockerEngines(secrets);
  const redis = new IoRedis();
  const clock = new SystemClock();
  return {
    ports: { engines, redis, secrets, store: new FileStateStore(settings.stateDir), clock },
    leases: new FileLeases(join(settings.stateDir, 'leases'), clock),
    async close() {
      await Promise.all([engines.close(), redis.close()]);
    },
  };
}

/** The repository that `run` follows. Its mirror lies in the state folder, one for each address. */
export async function wireRepository(
  settings: RunSettings,
  { ports }: Wiring,
  access: GitAccess | undefined,
): Promise<SpecRepository> {
  const { GitSpecRepository } = await import('../adapters/git/spec-repository.ts');
  return new GitSpecRepository(
    {
      url: settings.repository,
      branch: settings.branch,
      directory: join(settings.stateDir, 'git'),
      environment: settings.environment,
      ...(access === undefined ? {} : { access }),
    },
    ports.secrets,
  );
}

/** Who holds a lease, for the message that another one sees. */
export function holderName(command: string): string {
  return `redisforge ${command} on ${hostname()}`;
}
