/** The peer of most benchmarks: `redis-cli` of the same version, run where the servers run. */
import type { RealCluster } from '../../test/support/real-cluster.ts';
import { LOADER_PASSWORD } from '../../test/support/real-spec.ts';

/** Moments on the clock of `performance.now()`. */
export interface Timed {
  readonly began: number;
  readonly done: number;
}

/**
 * Runs it in a node's container, so that all have the same servers and the same network. The clock starts when the
 * container's shell says that it gives way to redis-cli: how long the engine takes to start a process is not counted.
 * @param args words without quotes.
 */
export async function redisCli(
  cluster: RealCluster,
  node: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<Timed> {
  const exec = await cluster.container(node).exec({
    Cmd: ['sh', '-c', `echo ready; exec redis-cli --user loader ${args.join(' ')}`],
    Env: [`REDISCLI_AUTH=${LOADER_PASSWORD}`],
    AttachStdout: true,
    AttachStderr: true,
    Tty: true,
  });
  const stream = await exec.start({ Tty: true });
  const stop = (): unknown => stream.destroy(new Error('asked to stop'));
  signal.addEventListener('abort', stop, { once: true });
  let began: number | undefined;
  let text = '';
  for await (const chunk of stream) {
    began ??= performance.now();
    text += String(chunk);
  }
  signal.removeEventListener('abort', stop);
  const done = performance.now();
  const { ExitCode } = await exec.inspect();
  if (began === undefined || ExitCode !== 0)
    throw new Error(`redis-cli ended with ${ExitCode}:\n${text.slice(-2_000)}`);
  return { began, done };
}
