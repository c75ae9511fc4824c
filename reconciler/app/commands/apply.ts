/** `redisforge apply`: makes the live clusters as the spec says, one after the other, and shows how it goes. */
import type { ClusterSpec } from '../../../spec-schema/cluster-spec.ts';
import { converge, type Outcome } from '../../engine/converge.ts';
import { type Cause, journalEntry, writeJournal } from '../../engine/journal.ts';
import type { ProgressEvent } from '../../engine/progress.ts';
import { type Lease, PortError } from '../../ports.ts';
import { blockLines } from '../../render/block-text.ts';
import { planText } from '../../render/plan-text.ts';
import { planView } from '../../render/plan-view.ts';
import { counted, duration } from '../../render/quantities.ts';
import { stepInWords } from '../../render/step-words.ts';
import { visibleLine } from '../../render/visible.ts';
import { stepRisk } from '../../steps/table.ts';
import { EXIT, type ExitCode, worst } from '../exit-codes.ts';
import { type Inspection, inspect } from '../inspection.ts';
import { type Interrupts, listenForInterrupts } from '../interrupts.ts';
import { type ProgressView, progressView } from '../progress/progress-view.ts';
import { reportProblems } from '../spec-problems.ts';
import { writeLine } from '../terminal/screen.ts';
import { holderName, type Wiring, wire } from '../wiring.ts';
import { type CommandContext, specsFor } from './command.ts';

const MANUAL: Cause = { kind: 'manual' };

export async function applyCommand(
  options: { readonly spec: string },
  context: CommandContext,
): Promise<ExitCode> {
  const { documents, problems } = await specsFor(options.spec, context, 'human');
  const codes: ExitCode[] = problems.length > 0 ? [EXIT.error] : [];
  const wiring = await wire(context.settings);
  let view: ProgressView | undefined;
  const interrupts = listenForInterrupts(() => {
    const text = 'stopping after the steps that are under way; once more Ctrl-C ends at once';
    if (view === undefined) writeLine(context.output.out, text);
    else view.say(text);
  });
  try {
    for (const { spec } of documents) {
      if (spec === undefined) continue;
      if (interrupts.signal.aborted) break;
      codes.push(
        await withLease(spec, wiring, context, (lease) =>
          applyOne(spec, { wiring, context, interrupts, lease, show: (shown) => (view = shown) }),
        ),
      );
    }
  } finally {
    interrupts.dispose();
    await wiring.close();
  }
  return interrupts.exitCode ?? worst(codes);
}

/** Nobody else may act on the cluster meanwhile: who holds it is told, and nothing is done. */
async function withLease(
  spec: ClusterSpec,
  { leases }: Wiring,
  { output }: CommandContext,
  act: (lease: Lease) => Promise<ExitCode>,
): Promise<ExitCode> {
  let lease: Lease;
  try {
    lease = await leases.acquire(spec.metadata.name, holderName('apply'));
  } catch (error) {
    if (!(error instanceof PortError) || error.code !== 'conflict') throw error;
    writeLine(output.err, `${output.errStyle.red('blocked')}: ${error.message}; nothing was done`);
    return EXIT.blocked;
  }
  try {
    return await act(lease);
  } finally {
    await lease.release();
  }
}

interface Apply {
  readonly wiring: Wiring;
  readonly context: CommandContext;
  readonly interrupts: Interrupts;
  readonly lease: Lease;
  show(view: ProgressView | undefined): void;
}

async function applyOne(spec: ClusterSpec, apply: Apply): Promise<ExitCode> {
  const { ports } = apply.wiring;
  const { out, err, style, errStyle } = apply.context.output;
  const { inspection, problems } = await inspect(spec, ports);
  if (inspection === undefined) {
    reportProblems(problems, err, errStyle);
    return EXIT.error;
  }
  writeLine(out, `${planText(planView(inspection.plan, inspection.live), style)}\n`);
  if (inspection.plan.status === 'converged') return EXIT.done;
  if (inspection.plan.waves.length === 0) return EXIT.blocked;
  const begun = ports.clock.now();
  const view = progressView(out, style, () => ports.clock.now());
  apply.show(view);
  let outcome: Outcome;
  try {
    outcome = await carryOut(inspection, apply, view);
  } finally {
    view.close();
    apply.show(undefined);
  }
  writeLine(out, `\n${closingText(spec.metadata.name, outcome, ports.clock.now() - begun, apply)}`);
  if (outcome.status === 'stopped') {
    const left = (await inspect(spec, ports)).inspection;
    if (left !== undefined) writeLine(out, `where it stands: ${planView(left.plan, left.live).verdict}`);
  }
  return exitOf(outcome);
}

async function carryOut({ cluster, plan }: Inspection, apply: Apply, view: ProgressView): Promise<Outcome> {
  const { store } = cluster.ports;
  const name = cluster.intent.spec.metadata.name;
  const steps = plan.waves.flat().filter(({ step }) => stepRisk(step) === 'destructive');
  const report = (event: ProgressEvent): void => {
    view.report(event);
    const entry = journalEntry(name, MANUAL, event);
    // The journal is evidence, never a condition: a full disk must not stop a repair.
    if (entry !== undefined)
      void writeJournal(store, entry).catch((error: Error) =>
        view.say(`the journal cannot be written: ${error.message}`),
      );
  };
  return converge(cluster, {
    signal: AbortSignal.any([apply.interrupts.signal, apply.lease.lost]),
    report,
    // What removes something for good must have been in the plan that was shown (law 8).
    approved: new Set(steps.map(({ id }) => id)),
  });
}

function exitOf({ status }: Outcome): ExitCode {
  if (status === 'converged') return EXIT.done;
  return status === 'blocked' ? EXIT.blocked : EXIT.error;
}

function closingText(cluster: string, outcome: Outcome, tookMs: number, { lease, context }: Apply): string {
  const { style } = context.output;
  const size = `${counted(outcome.steps, 'step')} in ${duration(tookMs)}`;
  const name = style.bold(cluster);
  if (outcome.status === 'converged') return `${name}: ${style.green('converged')}, ${size}`;
  if (outcome.status === 'stopped') {
    const why = lease.lost.aborted ? 'somebody else has taken the cluster over' : 'as asked';
    return `${name}: ${style.yellow('stopped')} between steps, ${why}, after ${size}. The next apply goes on from here`;
  }
  const blocks = outcome.blocks.flatMap((block) => blockLines(block, style));
  if (outcome.status === 'blocked')
    return [`${name}: ${style.red('blocked')} after ${size}`, ...blocks].join('\n');
  const failures = outcome.failures.map(
    ({ step, reason }) =>
      `  ${style.red('✖')} ${visibleLine(stepInWords(step.step))}: ${visibleLine(reason)}`,
  );
  return [`${name}: ${style.red('failed')} after ${size}`, ...failures, ...blocks].join('\n');
}
