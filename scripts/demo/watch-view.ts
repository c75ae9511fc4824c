/** What one sees of the demo: steps as they run, and afterwards every drift with its cause and how long its repair took. */

import type { Said } from '../../reconciler/adapters/local-forge/local-forge.ts';
import { endedLine, plainLine, runningBlock } from '../../reconciler/app/progress/progress-lines.ts';
import { RunningSteps } from '../../reconciler/app/progress/running-steps.ts';
import { LiveBlock } from '../../reconciler/app/terminal/live-block.ts';
import { type Screen, writeLine } from '../../reconciler/app/terminal/screen.ts';
import type { ReconcilerEvent } from '../../reconciler/engine/reconciler-events.ts';
import { blockLines } from '../../reconciler/render/block-text.ts';
import { plainMarkdown } from '../../reconciler/render/plain-markdown.ts';
import { problemText } from '../../reconciler/render/problem-text.ts';
import { counted, duration } from '../../reconciler/render/quantities.ts';
import { subjectOfStep } from '../../reconciler/render/step-words.ts';
import type { Style } from '../../reconciler/render/style.ts';
import { visibleLine } from '../../reconciler/render/visible.ts';

type Event<K extends ReconcilerEvent['kind']> = Extract<ReconcilerEvent, { kind: K }>;

export class WatchView {
  readonly #screen: Screen;
  readonly #style: Style;
  readonly #now: () => number;
  readonly #steps = new RunningSteps();
  readonly #block: LiveBlock | undefined;
  #begunAt: number;
  #lookedAt: number | undefined;
  /** Something is being done: from its first step to the pass that finds nothing more to do. */
  #busySince: number | undefined;
  #watching = false;
  #said = '';

  constructor(screen: Screen, style: Style, now: () => number) {
    this.#screen = screen;
    this.#style = style;
    this.#now = now;
    this.#begunAt = now();
    this.#block = screen.isLive ? new LiveBlock(screen, () => this.#moving()) : undefined;
  }

  /** From now on it is told what was noticed and what was done about it. */
  watch(): void {
    this.#watching = true;
  }

  say(text: string): void {
    for (const line of text.split('\n')) {
      if (this.#block === undefined) writeLine(this.#screen, line);
      else this.#block.line(line);
    }
  }

  close(): void {
    this.#block?.close();
  }

  handle(event: ReconcilerEvent): void {
    if (event.kind === 'progress') this.#progress(event);
    else if (event.kind === 'pass') this.#pass(event);
    else if (event.kind === 'commit') this.#commit(event);
    else if (event.kind === 'spec-invalid') this.#invalid(event);
    else if (event.kind === 'spec-gone')
      this.#stamped(this.#style.yellow(`${event.path} is gone; its cluster is left as it is`));
    else if (event.kind === 'repository-unreachable')
      this.#stamped(this.#style.red(`the repository cannot be read: ${visibleLine(event.reason)}`));
    else if (event.kind === 'held') this.#held(event);
    else if (event.kind === 'admitted')
      this.#stamped(`${this.#style.green('in force')}: commit ${event.commit.slice(0, 7)}`);
    else if (event.kind === 'pull-requests' && event.state === 'troubled')
      this.#stamped(this.#style.yellow(visibleLine(event.reason)));
    else if (event.kind === 'defect')
      this.#stamped(this.#style.red(`defect in RedisForge: ${String(event.error)}`));
  }

  /** What the embedded forge has to say. The whole of a plan also stands in its Git note. */
  hear(said: Said): void {
    if (said.kind === 'status') return;
    if (said.kind === 'issue') {
      const { title, state, body } = said.issue;
      this.#stamped(
        `${this.#style.yellow(state === 'open' ? 'issue' : 'issue closed')}: ${visibleLine(title)}`,
      );
      if (state === 'open') this.say(plainMarkdown(body).replaceAll(/^(?=.)/gm, '  '));
      return;
    }
    const { kind, pullRequest, state, body } = said;
    const text = plainMarkdown(body);
    const where = `${this.#style.cyan(kind === 'answer' ? 'answer under' : 'branch')} ${visibleLine(pullRequest)}`;
    if (kind === 'comment' && state !== 'open') {
      // How it goes is to be seen step by step here; only how it ended is news.
      const [verdict = ''] = text.split('\n');
      if (!verdict.startsWith('⏳')) this.#stamped(`${where}: ${verdict}`);
      return;
    }
    this.#stamped(where);
    this.say(text.replaceAll(/^(?=.)/gm, '  '));
  }

  #held({ problem }: Event<'held'>): void {
    this.#stamped(this.#style.yellow('the change is held; what was in force stays in force'));
    this.say(problemText(problem, this.#style));
  }

  #progress({ cause, event }: Event<'progress'>): void {
    this.#steps.apply(event);
    if (event.kind === 'observed') this.#lookedAt = this.#now();
    if (event.kind === 'step-started' && this.#busySince === undefined) {
      this.#busySince = this.#begunAt = event.at;
      this.#said = '';
      if (this.#watching && cause.kind === 'drift')
        this.#stamped(
          `${this.#style.yellow('drift')} of ${subjectOfStep(event.step.step)}: ${visibleLine(event.step.because)}`,
        );
    }
    if (this.#block === undefined && !this.#watching) {
      const line = plainLine(event);
      if (line !== undefined) this.say(line);
    } else if (event.kind === 'step-ended') this.say(`  ${endedLine(event, this.#style)}`);
  }

  #pass({ cause, status, steps }: Event<'pass'>): void {
    this.#steps.forget();
    const style = this.#style;
    if (status.status === 'converged') {
      const took = this.#busySince === undefined ? 0 : this.#now() - this.#busySince;
      if (this.#watching && this.#busySince !== undefined) {
        const what = cause.kind === 'drift' ? 'repaired' : 'converged';
        this.#stamped(`${style.green(what)} in ${duration(took)}, ${counted(steps, 'step')}`);
      }
      this.#busySince = undefined;
      this.#said = '';
      return;
    }
    const lines = status.blocks.flatMap((block) => blockLines(block, style));
    if (lines.length === 0 || this.#said === lines.join('\n')) return;
    this.#said = lines.join('\n');
    this.#stamped(style.red(status.status === 'blocked' ? 'blocked' : 'not everything can be done now'));
    for (const line of lines) this.say(line);
  }

  #commit({ commit, forced }: Event<'commit'>): void {
    const subject = visibleLine(commit.subject);
    this.#stamped(
      `${this.#style.cyan('commit')} ${commit.id.slice(0, 7)} "${subject}" by ${visibleLine(commit.author)}${forced ? this.#style.red(' (force-pushed)') : ''}`,
    );
  }

  #invalid({ path, problems, keeping }: Event<'spec-invalid'>): void {
    const outcome =
      keeping === undefined ? 'its cluster is not looked after' : 'the last good spec stays in force';
    this.#stamped(`${this.#style.red(`${path} is not valid`)}: ${outcome}`);
    for (const problem of problems) this.say(problemText(problem, this.#style));
  }

  #stamped(text: string): void {
    const time = new Date(this.#now()).toTimeString().slice(0, 8);
    this.say(`${this.#style.dim(time)} ${text}`);
  }

  #moving(): string[] {
    const now = this.#now();
    if (this.#busySince !== undefined || !this.#watching)
      return runningBlock(this.#steps, this.#begunAt, now, this.#style);
    const age = this.#lookedAt === undefined ? '' : `, last look ${duration(now - this.#lookedAt)} ago`;
    const second = Math.floor(now / 1000) % 2 === 0 ? '●' : '○';
    return [this.#style.dim(`${second} watching${age}. Ctrl-C ends the demo, the cluster stays`)];
  }
}
