/**
 * `redisforge plan --offline`: what would be done if every cluster were just as another version of its spec says. For
 * CI, where nothing can be reached and no secret is known.
 */
import type { ClusterSpec } from '../../../spec-schema/cluster-spec.ts';
import { type PaperPlan, paperPlan } from '../../planner/paper-cluster.ts';
import { code, escaped } from '../../render/markdown.ts';
import { planJson } from '../../render/plan-json.ts';
import { planMarkdown } from '../../render/plan-markdown.ts';
import { planText } from '../../render/plan-text.ts';
import { planView } from '../../render/plan-view.ts';
import { EXIT, type ExitCode, worst } from '../exit-codes.ts';
import { type SpecsAt, specsAt } from '../specs-at.ts';
import { writeLine } from '../terminal/screen.ts';
import { type CommandContext, specsFor, writeJson } from './command.ts';

export interface OfflineOptions {
  readonly spec: string;
  readonly format: 'human' | 'json' | 'markdown';
  /** A folder or a commit; undefined: as if there were nothing yet. */
  readonly against: string | undefined;
}

const EXIT_OF = { converged: EXIT.done, changes: EXIT.pending, blocked: EXIT.blocked } as const;

export async function offlinePlanCommand(
  options: OfflineOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const { format, against } = options;
  const { output } = context;
  const { documents, problems } = await specsFor(options.spec, context, format);
  const before: SpecsAt | undefined =
    against === undefined ? undefined : await specsAt(against, options.spec);
  const specs = documents.flatMap(({ spec }) => spec ?? []);
  const plans = specs.map((spec) => {
    const from = before?.specs.get(spec.metadata.name);
    return { ...paperPlan(from, spec, Date.now()), isNew: from === undefined };
  });
  const released = before === undefined ? [] : releasedClusters(before, specs);
  if (format === 'json') {
    const clusters = plans.map(({ plan, assumed }) => planJson(plan, assumed));
    writeJson(output, { offline: true, against, clusters, released, problems });
  } else {
    const words = wordsOf(format, against);
    for (const planned of plans) {
      if (planned.plan.status === 'converged') continue;
      writeLine(output.out, `${words.assumption(planned)}\n\n${shown(planned, options, context)}\n`);
    }
    for (const name of released) writeLine(output.out, words.released(name));
    for (const path of before?.invalid ?? []) writeLine(output.out, words.unknown(path));
    if (plans.every(({ plan }) => plan.status === 'converged') && problems.length === 0)
      writeLine(output.out, words.nothing);
  }
  const codes = plans.map(({ plan }) => EXIT_OF[plan.status]);
  const changed = released.length > 0 ? [EXIT.pending] : [];
  return worst([...codes, ...changed, ...(problems.length > 0 ? [EXIT.error] : [])]);
}

function shown({ plan, assumed }: PaperPlan, { format }: OfflineOptions, { output }: CommandContext): string {
  return format === 'markdown'
    ? planMarkdown(plan, assumed)
    : planText(planView(plan, assumed), output.style);
}

function releasedClusters({ specs, invalid }: SpecsAt, now: readonly ClusterSpec[]): string[] {
  const names = new Set(now.map(({ metadata }) => metadata.name));
  return invalid.length > 0 ? [] : [...specs.keys()].filter((name) => !names.has(name));
}

function wordsOf(format: OfflineOptions['format'], against: string | undefined) {
  const [name, text] =
    format === 'markdown' ? [code, escaped] : [(word: string) => word, (word: string) => word];
  return {
    assumption: ({ plan, isNew }: PaperPlan & { readonly isNew: boolean }): string =>
      text(
        isNew
          ? 'Planned on paper, as if there were nothing of this cluster yet.'
          : `Planned on paper, as if the cluster were just as its spec at ${against} says: what is different on it, and what it holds, was not looked at.`,
      ) + (format === 'markdown' ? `\n\n### ${name(plan.cluster)}` : ''),
    released: (cluster: string): string =>
      `${name(cluster)}: its spec is taken away; the cluster is left as it is, and no longer looked after`,
    unknown: (path: string): string =>
      `${name(path)} is not valid at ${name(against ?? '')}, so there was nothing to compare with`,
    nothing: 'Nothing to do: every spec means what it meant before.',
  };
}
