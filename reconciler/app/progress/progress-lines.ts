/** The words of live progress: one line for what has ended, one for what is under way. */
import type { ProgressEvent } from '../../engine/progress.ts';
import type { PlannedStep } from '../../planner/next-steps.ts';
import { bytes, counted, duration } from '../../render/quantities.ts';
import { stepInWords } from '../../render/step-words.ts';
import type { Style } from '../../render/style.ts';
import { visibleLine } from '../../render/visible.ts';
import { isWait } from '../../steps/table.ts';
import type { Bulk, RunningStep, RunningSteps } from './running-steps.ts';

type StepEnded = Extract<ProgressEvent, { kind: 'step-ended' }>;

/** `✔ start orders-1 on a1 from redis:8.6.3  1.2 s  it has no container`. */
export function endedLine({ step, durationMs, outcome }: StepEnded, style: Style): string {
  const what = visibleLine(stepInWords(step.step));
  const took = duration(durationMs);
  if (outcome.result === 'failed')
    return `${style.red('✖')} ${what}  ${style.dim(took)}  ${style.red(visibleLine(outcome.reason))}`;
  return `${style.green('✔')} ${what}  ${style.dim(took)}  ${style.dim(visibleLine(step.because))}`;
}

/** For all of many alike steps, when the last of them has ended. */
export function bulkEndedLine(
  { kind, total, done, failed, startedAt }: Bulk,
  now: number,
  style: Style,
): string {
  const mark = failed === 0 ? style.green('✔') : style.red('✖');
  const result = failed === 0 ? `${total} × ${kind}` : `${done} of ${total} × ${kind}`;
  return `${mark} ${result}  ${style.dim(duration(now - startedAt))}`;
}

/** The same for a file or a pipe: no marks, a word first. */
export function plainLine(event: ProgressEvent): string | undefined {
  if (event.kind === 'wave') return `wave ${event.number}: ${counted(event.steps.length, 'step')}`;
  if (event.kind === 'step-started')
    return `  ${isWait(event.step.step) ? 'waiting' : 'started'}  ${visibleLine(stepInWords(event.step.step))} (because ${visibleLine(event.step.because)})`;
  if (event.kind !== 'step-ended') return undefined;
  const what = `${visibleLine(stepInWords(event.step.step))} (${duration(event.durationMs)})`;
  return event.outcome.result === 'failed'
    ? `  failed   ${what}: ${visibleLine(event.outcome.reason)}`
    : `  done     ${what}`;
}

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const;
const SPIN_MS = 100;

/** More lines than this under way are counted, not shown. */
const MOST_LINES = 8;

/** What is under way now, and where it all stands. */
export function runningBlock(steps: RunningSteps, begunAt: number, now: number, style: Style): string[] {
  const spinner = style.cyan(SPINNER[Math.floor(now / SPIN_MS) % SPINNER.length] ?? '');
  const single = steps.single.map((running) => `${spinner} ${runningText(running, steps, now, style)}`);
  const bulks = steps.bulks.map(
    ({ kind, total, done, failed, startedAt }) =>
      `${spinner} ${total} × ${kind}  ${bar(done + failed, total)} ${done + failed}/${total}  ${style.dim(duration(now - startedAt))}`,
  );
  const lines = [...bulks, ...single];
  const shown = lines.slice(0, MOST_LINES);
  if (lines.length > shown.length)
    shown.push(style.dim(`  and ${lines.length - shown.length} more under way`));
  if (shown.length === 0) shown.push(`${spinner} looking at the cluster`);
  return [...shown, style.dim(footer(steps, now - begunAt))];
}

function runningText(
  { planned, startedAt }: RunningStep,
  steps: RunningSteps,
  now: number,
  style: Style,
): string {
  const waitsFor = waitsForWhat(planned, steps);
  const what = visibleLine(stepInWords(planned.step));
  return `${what}  ${style.dim(duration(now - startedAt))}${waitsFor === '' ? '' : `  ${style.dim(waitsFor)}`}`;
}

const BAR_WIDTH = 20;

function bar(done: number, total: number): string {
  const full = Math.round((done / Math.max(1, total)) * BAR_WIDTH);
  return `${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)}`;
}

function footer(steps: RunningSteps, elapsedMs: number): string {
  const parts = [duration(elapsedMs), counted(steps.done, 'step done', 'steps done')];
  if (steps.failed > 0) parts.push(counted(steps.failed, 'failed', 'failed'));
  if (steps.differences !== undefined && steps.differences > 0)
    parts.push(counted(steps.differences, 'difference left', 'differences left'));
  return `  ${parts.join(' · ')}`;
}

/** What a step that is under way waits for, from the last look at the cluster; empty when nothing tells. */
export function waitsForWhat({ step }: PlannedStep, { observation }: RunningSteps): string {
  if (observation === undefined) return '';
  const { live, facts } = observation;
  if (step.kind === 'migrate-slots' || step.kind === 'await-migration') {
    const tasks = facts.nodes[step.to]?.reading?.migrations ?? [];
    return tasks.find(({ operation, endedAt }) => operation === 'import' && endedAt <= 0)?.state ?? '';
  }
  if (!isWait(step)) return '';
  if (step.kind === 'await-soak') {
    const uptimes = step.nodes.flatMap((name) => facts.nodes[name]?.reading?.uptimeMs ?? []);
    return uptimes.length === 0 ? '' : `running for ${duration(Math.min(...uptimes))}`;
  }
  if (!('node' in step)) {
    const [remark] = Object.values(facts.nodes).flatMap(({ remarks }) => remarks);
    return visibleLine(remark ?? '');
  }
  const node = live.nodes[step.node];
  const fact = facts.nodes[step.node];
  if (step.kind === 'await-sync' && node !== undefined) {
    const lag = fact?.lagBytes;
    return `link ${node.link}${lag === undefined || lag === 0 ? '' : `, ${bytes(lag)} behind`}`;
  }
  return visibleLine(fact?.failure?.message ?? fact?.remarks[0] ?? '');
}
