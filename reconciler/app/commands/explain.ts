/** `redisforge explain`: one step of the plan in full. Changes nothing. */
import type { ClusterState } from '../../model/cluster-state.ts';
import { applyOperations } from '../../planner/diff.ts';
import type { PlannedStep } from '../../planner/next-steps.ts';
import { explainText } from '../../render/explain-text.ts';
import { stepEffect } from '../../steps/table.ts';
import { EXIT, type ExitCode, Refusal } from '../exit-codes.ts';
import { type Inspection, inspect } from '../inspection.ts';
import { reportProblems } from '../spec-problems.ts';
import { writeLine } from '../terminal/screen.ts';
import { wire } from '../wiring.ts';
import { type CommandContext, specsFor } from './command.ts';

export async function explainCommand(
  id: string,
  options: { readonly spec: string },
  context: CommandContext,
): Promise<ExitCode> {
  const { output, settings } = context;
  const { documents, problems } = await specsFor(options.spec, context, 'human');
  const wiring = await wire(settings);
  const known: string[] = [];
  let failed = problems.length > 0;
  try {
    for (const { spec } of documents) {
      if (spec === undefined) continue;
      const { inspection, problems: unreadable } = await inspect(spec, wiring.ports);
      if (inspection === undefined) {
        failed = true;
        reportProblems(unreadable, output.err, output.errStyle);
        continue;
      }
      const found = stepIn(inspection, id);
      if (found !== undefined) {
        const wave = { number: found.wave, of: inspection.plan.waves.length };
        writeLine(output.out, explainText(found.planned, found.before, wave, output.style));
        return EXIT.done;
      }
      known.push(...inspection.plan.waves.flat().map((planned) => planned.id));
    }
  } finally {
    await wiring.close();
  }
  if (failed) return EXIT.error;
  throw new Refusal(notFound(id, known));
}

/** The step, and the state on paper that it starts from. */
function stepIn(
  { plan, live }: Inspection,
  id: string,
): { planned: PlannedStep; before: ClusterState; wave: number } | undefined {
  let before = live;
  for (const [index, wave] of plan.waves.entries()) {
    const planned = wave.find((step) => step.id === id);
    if (planned !== undefined) return { planned, before, wave: index + 1 };
    before = applyOperations(
      before,
      wave.flatMap(({ step }) => stepEffect(step, before)),
    );
  }
  return undefined;
}

const MOST_SUGGESTIONS = 8;

function notFound(id: string, known: readonly string[]): string {
  if (known.length === 0) return `no step ${id}: the plan is empty, nothing is to be done`;
  const words = id.split(/[:>,+]/).filter((word) => word !== '');
  const near = known.filter((candidate) => words.some((word) => candidate.includes(word)));
  const shown = (near.length > 0 ? near : known).slice(0, MOST_SUGGESTIONS);
  return `no step ${id} in the plan; ${near.length > 0 ? 'near it are' : 'its first steps are'}\n${shown.map((step) => `  ${step}`).join('\n')}`;
}
