/** Check runs, which only a GitHub App may make: text and annotations that a status has no room for. */
import { createHash } from 'node:crypto';
import type { Annotation, CheckRun } from '../../ports/forge.ts';
import { PortError } from '../../ports.ts';
import { type CheckAnswer, checkList, oneCheck } from './answers.ts';
import { type GithubContext, write } from './context.ts';
import { pagesOf } from './listing.ts';
import { madeOnce, Turns } from './making.ts';

/** GitHub counts characters or bytes, depending on whom one asks; these are bytes. */
const LONGEST_BYTES = 65_535;
const ANNOTATIONS_AT_ONCE = 50;
/** What the external id of a check says while its annotations are not all there. */
const UNFINISHED = 'unfinished';

type Parts = {
  readonly output: {
    title: string;
    summary: string;
    text: string;
    annotations: ReturnType<typeof annotationOf>[];
  };
  readonly external_id: string;
};

export class GithubChecks {
  readonly #context: GithubContext;
  readonly #turns = new Turns();

  constructor(context: GithubContext) {
    this.#context = context;
  }

  /** @throws PortError `denied` where we are no App */
  ensure(check: CheckRun, signal: AbortSignal): Promise<void> {
    if (this.#context.api.credentials.kind !== 'app')
      return Promise.reject(new PortError('denied', 'only a GitHub App may make a check run'));
    return this.#turns.take(`${check.commit} ${check.name}`, () => this.#ensure(check, signal));
  }

  async #ensure(check: CheckRun, signal: AbortSignal): Promise<void> {
    const digest = digestOf(check);
    const existing = await this.#latest(check, signal);
    if (existing?.external_id === digest) return;
    const parts = partsOf(check, digest);
    const [first, ...more] = parts as [Parts, ...Parts[]];
    // Annotations can be added to a check and not taken away: with others it has to be another one of the same name.
    const reusable = existing !== undefined && existing.output.annotations_count === 0;
    const { id } = reusable
      ? await this.#update(existing.id, check, first, signal)
      : await this.#create(check, first, signal);
    for (const part of more) await this.#update(id, check, part, signal);
  }

  async #latest({ commit, name }: CheckRun, signal: AbortSignal): Promise<CheckAnswer | undefined> {
    const login = await this.#context.login(signal);
    const runs = await pagesOf(
      this.#context.api,
      {
        what: `list the check runs of ${commit}`,
        ask: (rest, at, page) => rest.checks.listForRef({ ...at, ...page, ref: commit, check_name: name }),
        parse: (data) => checkList(data).check_runs,
        perPage: 100,
      },
      signal,
    );
    return runs.filter(({ app }) => `${app?.slug}[bot]` === login).sort((a, b) => b.id - a.id)[0];
  }

  async #create(check: CheckRun, part: Parts, signal: AbortSignal): Promise<CheckAnswer> {
    const make = async (): Promise<CheckAnswer> => {
      const { data } = await write(
        this.#context,
        `make the check run ${check.name}`,
        'plan',
        (rest, at) =>
          rest.checks.create({ ...at, name: check.name, head_sha: check.commit, ...stateOf(check), ...part }),
        oneCheck,
        signal,
      );
      return data;
    };
    const find = async () => {
      const latest = await this.#latest(check, signal);
      return latest?.external_id === part.external_id ? latest : undefined;
    };
    return madeOnce({ make, find }, this.#context.clock, signal);
  }

  async #update(id: number, check: CheckRun, part: Parts, signal: AbortSignal): Promise<CheckAnswer> {
    const { data } = await write(
      this.#context,
      `update the check run ${check.name}`,
      'plan',
      (rest, at) => rest.checks.update({ ...at, check_run_id: id, ...stateOf(check), ...part }),
      oneCheck,
      signal,
    );
    return data;
  }
}

function stateOf({ conclusion }: CheckRun) {
  return conclusion === 'in_progress' ? { status: conclusion } : { status: 'completed' as const, conclusion };
}

/** Fifty annotations a request; the digest comes with the last, so that a check that was cut off is made anew. */
function partsOf(check: CheckRun, digest: string): Parts[] {
  const { title, annotations } = check;
  const text = cut(check.text);
  const summary = cut(check.summary);
  const count = Math.max(1, Math.ceil(annotations.length / ANNOTATIONS_AT_ONCE));
  return Array.from({ length: count }, (_, index) => ({
    external_id: index === count - 1 ? digest : `${UNFINISHED} ${digest}`,
    output: {
      title,
      summary,
      text,
      annotations: annotations
        .slice(index * ANNOTATIONS_AT_ONCE, (index + 1) * ANNOTATIONS_AT_ONCE)
        .map(annotationOf),
    },
  }));
}

function annotationOf({ path, line, level, title, message }: Annotation) {
  return {
    path,
    start_line: line,
    end_line: line,
    annotation_level: level,
    title: title.slice(0, 255),
    message,
  };
}

/** At the end of a line; a fence that was open is closed. */
function cut(text: string): string {
  if (Buffer.byteLength(text) <= LONGEST_BYTES) return text;
  const note = '\n\nThe rest has no room here.\n';
  const bytes = Buffer.from(text).subarray(0, LONGEST_BYTES - 1000);
  const whole = bytes.toString('utf8');
  const kept = whole.slice(0, Math.max(whole.lastIndexOf('\n'), 0) || whole.length - 1);
  const fences = kept.match(/^ {0,3}(`{3,}|~{3,})/gm) ?? [];
  const open = fences.length % 2 === 1 ? `\n${fences.at(-1)?.trim()}` : '';
  return `${kept}${open}${note}`;
}

function digestOf(check: CheckRun): string {
  return `redisforge ${createHash('sha256').update(JSON.stringify(check)).digest('hex').slice(0, 32)}`;
}
