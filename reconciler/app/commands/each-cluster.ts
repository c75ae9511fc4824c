/** Goes through the clusters of a path one after the other: what `plan` and `status` have in common. */
import type { Problem } from '../../../spec-schema/problem.ts';
import { EXIT, type ExitCode, worst } from '../exit-codes.ts';
import { type Inspection, inspect } from '../inspection.ts';
import { reportProblems } from '../spec-problems.ts';
import { wire } from '../wiring.ts';
import { type CommandContext, specsFor, writeJson } from './command.ts';

export interface EachCluster {
  readonly spec: string;
  readonly format: string;
  /** For people: writes what is to be seen. */
  show(inspection: Inspection): void | Promise<void>;
  /** For machines. */
  json(inspection: Inspection): Record<string, unknown> | Promise<Record<string, unknown>>;
  exitCode(inspection: Inspection): ExitCode;
}

export async function eachCluster(each: EachCluster, context: CommandContext): Promise<ExitCode> {
  const { output, settings } = context;
  const asJson = each.format === 'json';
  const { documents, problems } = await specsFor(each.spec, context, each.format);
  const failed: Problem[] = [...problems];
  const codes: ExitCode[] = [];
  const clusters: Record<string, unknown>[] = [];
  const wiring = await wire(settings);
  try {
    for (const { spec } of documents) {
      if (spec === undefined) continue;
      const { inspection, problems: unreadable } = await inspect(spec, wiring.ports);
      if (inspection === undefined) {
        failed.push(...unreadable);
        if (!asJson) reportProblems(unreadable, output.err, output.errStyle);
        continue;
      }
      codes.push(each.exitCode(inspection));
      if (asJson) clusters.push(await each.json(inspection));
      else await each.show(inspection);
    }
  } finally {
    await wiring.close();
  }
  if (asJson) writeJson(output, { clusters, problems: failed });
  return worst([...codes, ...(failed.length > 0 ? [EXIT.error] : [])]);
}
