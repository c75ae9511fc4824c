/** Live progress of one cluster: on a terminal a block that moves, elsewhere one plain line for each event. */
import type { ProgressEvent, Report } from '../../engine/progress.ts';
import type { Style } from '../../render/style.ts';
import { LiveBlock } from '../terminal/live-block.ts';
import { type Screen, writeLine } from '../terminal/screen.ts';
import { bulkEndedLine, endedLine, plainLine, runningBlock } from './progress-lines.ts';
import { RunningSteps } from './running-steps.ts';

export interface ProgressView {
  readonly report: Report;
  /** A line of its own among those of the steps. */
  say(text: string): void;
  /** Takes the moving part away. What was said stays. */
  close(): void;
}

export function progressView(screen: Screen, style: Style, now: () => number): ProgressView {
  return screen.isLive ? liveView(screen, style, now) : plainView(screen);
}

function plainView(screen: Screen): ProgressView {
  return {
    report(event) {
      const line = plainLine(event);
      if (line !== undefined) writeLine(screen, line);
    },
    say: (text) => writeLine(screen, text),
    close: () => undefined,
  };
}

function liveView(screen: Screen, style: Style, now: () => number): ProgressView {
  const steps = new RunningSteps();
  const begunAt = now();
  const block = new LiveBlock(screen, () => runningBlock(steps, begunAt, now(), style));
  return {
    report(event) {
      steps.apply(event);
      const line = scrolled(event, steps, style);
      if (line !== undefined) block.line(line);
    },
    say: (text) => block.line(text),
    close: () => block.close(),
  };
}

/** The line that an event leaves behind: of many alike steps only failures, and the sum at the end. */
export function scrolled(event: ProgressEvent, steps: RunningSteps, style: Style): string | undefined {
  if (event.kind !== 'step-ended') return undefined;
  const bulk = steps.bulkOf(event.step.id);
  if (bulk === undefined || event.outcome.result === 'failed') return endedLine(event, style);
  return bulk.done + bulk.failed === bulk.total ? bulkEndedLine(bulk, event.at, style) : undefined;
}
