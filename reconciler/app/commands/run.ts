/** `redisforge run`: the long-running reconciler. It follows a branch, converges every cluster of it and keeps it so. */
import { Reconciler } from '../../engine/reconciler.ts';
import type { ReconcilerEvent } from '../../engine/reconciler-events.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { Metrics } from '../http/metrics.ts';
import { PLANS_PATH, plansRoute } from '../http/plans.ts';
import { routes } from '../http/routes.ts';
import { HttpServer } from '../http/server.ts';
import { Vitals } from '../http/vitals.ts';
import { webhookRoute } from '../http/webhook.ts';
import { listenForInterrupts } from '../interrupts.ts';
import { EventLog } from '../log/event-log.ts';
import { createLogger } from '../log/logger.ts';
import { logSaid } from '../log/said-log.ts';
import { type Ending, OnceWatch } from '../once.ts';
import type { RunSettings } from '../settings.ts';
import type { Output } from '../terminal/screen.ts';
import { VERSION } from '../version.ts';
import { wireProposals } from '../wire-forge.ts';
import { holderName, wire } from '../wiring.ts';

/** How often `--once` looks whether it is over, beside the events that tell. */
const ONCE_MS = 100;

export async function runCommand(
  options: { readonly once: boolean },
  settings: RunSettings,
  { out, style }: Output,
): Promise<ExitCode> {
  const pretty = settings.logFormat === 'pretty' || (settings.logFormat === 'auto' && out.isLive);
  const log = createLogger({ level: settings.logLevel, pretty, style, write: (line) => out.write(line) });
  const interrupts = listenForInterrupts(() =>
    log.info('stopping: the steps that are under way are finished first'),
  );
  // A defect that nobody waits for ends the process; the log must say so, and whatever starts us starts us again.
  process.once('unhandledRejection', (err) => {
    log.fatal({ err }, 'defect in RedisForge');
    process.exit(EXIT.error);
  });
  const over = new AbortController();
  const wiring = await wire(settings);
  const { clock } = wiring.ports;
  const events = new EventLog(log);
  const once = new OnceWatch();
  const listeners: ((event: ReconcilerEvent) => void)[] = [
    (event) => events.handle(event),
    (event) => once.record(event),
  ];
  const report = (event: ReconcilerEvent): void => {
    for (const listener of listeners) listener(event);
  };
  const holder = holderName('run');
  const proposals = await wireProposals(settings, wiring, holder, {
    report,
    onSaid: (said) => logSaid(log, said),
  });
  const { pullRequests, numbers } = proposals;
  const reconciler = new Reconciler(
    wiring.ports,
    proposals.repository,
    wiring.leases,
    { pollMs: settings.pollMs, driftMs: settings.driftMs, holder },
    report,
    pullRequests,
  );
  const vitals = new Vitals(
    () => clock.now(),
    () => reconciler.status(),
    settings.driftMs,
  );
  const metrics = new Metrics({
    version: VERSION,
    now: () => clock.now(),
    status: () => reconciler.status(),
    ...(pullRequests === undefined
      ? {}
      : { isPaused: (cluster, now) => pullRequests.brakeOn(cluster, now) !== undefined }),
    ...(numbers === undefined ? {} : { forge: numbers }),
  });
  listeners.push(
    (event) => vitals.record(event),
    (event) => metrics.record(event),
  );
  let server: HttpServer | undefined;
  try {
    if (settings.listen !== undefined && !options.once) {
      const { webhookSecret, listen } = settings;
      const served = routes(vitals, metrics, {
        ...(pullRequests === undefined
          ? {}
          : { [PLANS_PATH]: plansRoute((cluster) => pullRequests.previewsOf(cluster)) }),
        ...(webhookSecret === undefined
          ? {}
          : {
              '/webhook': webhookRoute(
                () => wiring.ports.secrets.read(webhookSecret),
                () => reconciler.wake(),
              ),
            }),
      });
      server = await HttpServer.listen(listen, served, (err) => log.error({ err }, 'http'));
      log.info({ address: listen.address, port: server.port }, `serving ${Object.keys(served).join(', ')}`);
    }
    const { branch, pollMs, driftMs, forge } = settings;
    const place = { repository: shownUrl(settings.repository), branch, forge: forge.kind };
    log.info({ version: VERSION, ...place, pollMs, driftMs }, 'reconciling');
    const running = reconciler.run(AbortSignal.any([interrupts.signal, over.signal]));
    const ending = options.once ? await endOf(once, reconciler, running, over) : undefined;
    await running;
    if (interrupts.exitCode !== undefined) {
      log.info('stopped between steps');
      // Being asked to stop is how a service ends.
      return options.once ? interrupts.exitCode : EXIT.done;
    }
    for (const reason of ending?.reasons ?? []) log.error(reason);
    if (ending?.exitCode === EXIT.done) log.info('every cluster has converged');
    return ending?.exitCode ?? EXIT.done;
  } finally {
    interrupts.dispose();
    await server?.close();
    await proposals.close();
    await wiring.close();
  }
}

/** Waits until nothing more is to be expected, then ends the reconciler. */
async function endOf(
  once: OnceWatch,
  reconciler: Reconciler,
  running: Promise<void>,
  over: AbortController,
): Promise<Ending | undefined> {
  let ended = false;
  const end = (): void => {
    ended = true;
  };
  running.then(end, end);
  while (!ended) {
    const ending = once.ending(reconciler.status());
    if (ending !== undefined) {
      over.abort();
      return ending;
    }
    await new Promise((resolve) => setTimeout(resolve, ONCE_MS));
  }
  return undefined;
}

function shownUrl(url: string): string {
  return url.replace(/(\w+:\/\/)[^/\s@]+@/, '$1');
}
