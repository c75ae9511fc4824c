/**
 * The demo: converges the example on this machine's Docker Engine while one watches, then keeps watching with one.
 *
 *   npm run demo              until Ctrl-C; the cluster stays
 *   npm run demo -- --once    ends when it has converged
 *   npm run demo -- --down    removes everything that the demo made
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { EXIT, type ExitCode, Refusal } from '../reconciler/app/exit-codes.ts';
import { inspect } from '../reconciler/app/inspection.ts';
import { listenForInterrupts } from '../reconciler/app/interrupts.ts';
import { type Ending, OnceWatch } from '../reconciler/app/once.ts';
import { type RunSettings, readRunSettings } from '../reconciler/app/settings.ts';
import { type Output, processOutput, writeLine } from '../reconciler/app/terminal/screen.ts';
import { wireProposals } from '../reconciler/app/wire-forge.ts';
import { holderName, type Wiring, wire } from '../reconciler/app/wiring.ts';
import { Reconciler } from '../reconciler/engine/reconciler.ts';
import type { ReconcilerEvent } from '../reconciler/engine/reconciler-events.ts';
import { type Lease, PortError } from '../reconciler/ports.ts';
import { duration } from '../reconciler/render/quantities.ts';
import { statusText } from '../reconciler/render/status-text.ts';
import { statusView } from '../reconciler/render/status-view.ts';
import type { ClusterSpec } from '../spec-schema/cluster-spec.ts';
import { guide, shortPath } from './demo/guide.ts';
import { obstacles } from './demo/obstacles.ts';
import { removeClusterFromEngine } from './demo/teardown.ts';
import { WatchView } from './demo/watch-view.ts';
import { clustersOfDemo, prepareWorkspace, removeWorkspace, repositoryFolder } from './demo/workspace.ts';

const ROOT = join(import.meta.dirname, '..');

/** Short, because somebody is watching. */
const INTERVALS = { poll: '1s', drift: '2s' };
const LOOK_MS = 50;

const HELP = `Usage: npm run demo -- [--once | --down]

  (nothing)  converge the example and watch over it until Ctrl-C; the cluster stays
  --once     end when it has converged; the exit code tells whether it has
  --down     remove everything that the demo made, nothing else`;

async function main(output: Output): Promise<ExitCode> {
  const { values } = parseArgs({
    options: {
      once: { type: 'boolean', default: false },
      down: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    writeLine(output.out, HELP);
    return EXIT.done;
  }
  const settings = demoSettings();
  return values.down ? down(settings, output) : demo(settings, values.once, output);
}

/** Set-up has found it, or started it. */
function dockerHost(): string {
  return process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock';
}

function demoSettings(): RunSettings {
  const sources = { flags: {}, environment: process.env, cwd: ROOT };
  const { stateDir } = readRunSettings({ ...sources, flags: { repository: ROOT, forge: 'local' } });
  const repository = repositoryFolder({ stateDir } as RunSettings);
  return readRunSettings({
    ...sources,
    flags: { ...INTERVALS, repository, branch: 'main', port: 'off', forge: 'local' },
  });
}

async function demo(settings: RunSettings, once: boolean, output: Output): Promise<ExitCode> {
  const { out } = output;
  if (!dockerHost().startsWith('unix://'))
    throw new Refusal(
      `DOCKER_HOST is ${dockerHost()}: the demo needs a Docker Engine with a socket on this machine`,
    );
  const { repository, spec } = await prepareWorkspace(settings, join(ROOT, 'example-spec'), dockerHost());
  writeLine(
    out,
    `The spec is ${shortPath(process.cwd(), repository)}/cluster.yaml, a Git repository of its own`,
  );
  const wiring = await wire(settings);
  try {
    if (spec !== undefined) await refuseObstacles(spec, wiring, repository);
    return await reconcile(settings, once, wiring, output);
  } finally {
    await wiring.close();
  }
}

async function refuseObstacles(spec: ClusterSpec, { ports }: Wiring, repository: string): Promise<void> {
  const { inspection } = await inspect(spec, ports);
  const found = inspection === undefined ? [] : await obstacles(spec, inspection.live, dockerHost());
  if (found.length === 0) return;
  const where = `${shortPath(process.cwd(), repository)}/cluster.yaml`;
  throw new Refusal(
    `${found.join('\n')}\nFree that, or change ports and subnet in ${where} and commit; then start the demo again.`,
  );
}

async function reconcile(
  settings: RunSettings,
  once: boolean,
  wiring: Wiring,
  output: Output,
): Promise<ExitCode> {
  const { out, style } = output;
  const { clock } = wiring.ports;
  const began = clock.now();
  const view = new WatchView(out, style, () => clock.now());
  const interrupts = listenForInterrupts(() => view.say('stopping after the steps that are under way'));
  const watch = new OnceWatch();
  const over = new AbortController();
  const report = (event: ReconcilerEvent): void => {
    watch.record(event);
    view.handle(event);
  };
  const holder = holderName('demo');
  const proposals = await wireProposals(settings, wiring, holder, {
    report,
    onSaid: (said) => view.hear(said),
  });
  const reconciler = new Reconciler(
    wiring.ports,
    proposals.repository,
    wiring.leases,
    { pollMs: settings.pollMs, driftMs: settings.driftMs, holder },
    report,
    proposals.pullRequests,
  );
  const running = reconciler.run(AbortSignal.any([interrupts.signal, over.signal]));
  try {
    const ending = await firstEnding(watch, reconciler, interrupts.signal);
    if (ending !== undefined) await tell(ending, clock.now() - began, settings, wiring, view, output);
    const goesOn = !once && ending?.exitCode === EXIT.done;
    if (goesOn) view.watch();
    else over.abort();
    await running;
    view.close();
    return closing(ending, interrupts.exitCode, once, output);
  } finally {
    over.abort();
    await proposals.close();
    view.close();
    interrupts.dispose();
  }
}

/** Waits until every cluster has converged or cannot; undefined when somebody wants to stop before that. */
async function firstEnding(
  watch: OnceWatch,
  reconciler: Reconciler,
  stop: AbortSignal,
): Promise<Ending | undefined> {
  while (!stop.aborted) {
    const ending = watch.ending(reconciler.status());
    if (ending !== undefined) return ending;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return undefined;
}

async function tell(
  { exitCode, reasons }: Ending,
  tookMs: number,
  settings: RunSettings,
  { ports }: Wiring,
  view: WatchView,
  { style }: Output,
): Promise<void> {
  if (exitCode !== EXIT.done) {
    view.say(
      `\n${style.red('the cluster cannot converge')}\n${reasons.map((reason) => `  ${reason}`).join('\n')}`,
    );
    return;
  }
  view.say(`\n${style.green('converged')} after ${duration(tookMs)}\n`);
  const { spec } = await prepareWorkspace(settings, join(ROOT, 'example-spec'), dockerHost());
  if (spec === undefined) return;
  const { inspection } = await inspect(spec, ports);
  if (inspection === undefined) return;
  const { live, facts, plan } = inspection;
  view.say(`${statusText(statusView(live, facts, plan), style)}\n`);
  const context = { spec, live, settings, cwd: process.cwd(), path: process.env['PATH'] ?? '' };
  view.say(`${guide(context, style)}\n`);
}

function closing(
  ending: Ending | undefined,
  signalled: ExitCode | undefined,
  once: boolean,
  { out }: Output,
): ExitCode {
  const remove = '`npm run demo -- --down` removes everything that the demo made.';
  if (ending === undefined) {
    writeLine(out, `Stopped between steps; \`npm run demo\` goes on from here. ${remove}`);
    return signalled ?? EXIT.error;
  }
  writeLine(
    out,
    ending.exitCode === EXIT.done
      ? `The cluster keeps running${once ? '' : ', but nobody watches over it now'}. ${remove}`
      : remove,
  );
  return ending.exitCode;
}

async function down(settings: RunSettings, { out }: Output): Promise<ExitCode> {
  const clusters = await clustersOfDemo(settings);
  if (clusters.length === 0) {
    writeLine(out, 'There is nothing of the demo to remove.');
    return EXIT.done;
  }
  const wiring = await wire(settings);
  try {
    for (const cluster of clusters) {
      // Who still watches over it would make it anew.
      const lease = await leaseFor(cluster, wiring);
      const removed = await removeClusterFromEngine(dockerHost(), cluster);
      await lease.release();
      for (const what of removed) writeLine(out, `removed ${what}`);
    }
  } finally {
    await wiring.close();
  }
  for (const path of await removeWorkspace(settings))
    writeLine(out, `removed ${shortPath(process.cwd(), path)}`);
  return EXIT.done;
}

async function leaseFor(cluster: string, { leases }: Wiring): Promise<Lease> {
  try {
    return await leases.acquire(cluster, holderName('demo --down'));
  } catch (error) {
    if (!(error instanceof PortError) || error.code !== 'conflict') throw error;
    throw new Refusal(`${error.message}\nNothing was removed: stop that first.`, EXIT.blocked);
  }
}

const output = processOutput();
try {
  process.exit(await main(output));
} catch (error) {
  writeLine(output.err, `${output.errStyle.red('error')}: ${error instanceof Error ? error.message : error}`);
  process.exit(error instanceof Refusal ? error.exitCode : EXIT.error);
}
