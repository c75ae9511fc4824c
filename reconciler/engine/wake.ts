/** Engine events that wake a keeper early. Lost ones change nothing but the delay. */
import type { ClusterSpec } from '../../spec-schema/cluster-spec.ts';
import { type Engine, PortError } from '../ports.ts';
import type { Ports } from './cluster.ts';

/** A stream that ended is opened again after this long; until then only the interval wakes. */
const REOPEN_MS = 5_000;

const WAKING: ReadonlySet<string> = new Set(['die', 'oom', 'health_status', 'destroy']);

/** Listens to every engine of the spec until `signal` is aborted. Never rejects. */
export async function watchEngines(
  spec: ClusterSpec,
  ports: Ports,
  signal: AbortSignal,
  wake: () => void,
): Promise<void> {
  const engines = new Set(spec.hosts.map((host) => ports.engines.of(host)));
  await Promise.all([...engines].map((engine) => watch(engine, spec.metadata.name, ports, signal, wake)));
}

async function watch(
  engine: Engine,
  cluster: string,
  ports: Ports,
  signal: AbortSignal,
  wake: () => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const event of engine.events(cluster, signal)) {
        if (WAKING.has(event.action)) wake();
      }
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
    }
    await ports.clock.sleep(REOPEN_MS, signal);
  }
}
