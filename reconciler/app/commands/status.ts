/** `redisforge status`: the live clusters as they are, and in what they differ from the spec. Changes nothing. */
import { statusJson } from '../../render/status-json.ts';
import { statusText } from '../../render/status-text.ts';
import { statusView } from '../../render/status-view.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { writeLine } from '../terminal/screen.ts';
import type { CommandContext, Format } from './command.ts';
import { eachCluster } from './each-cluster.ts';

const EXIT_OF = { converged: EXIT.done, changes: EXIT.pending, blocked: EXIT.blocked } as const;

export async function statusCommand(
  options: { readonly spec: string; readonly format: Format },
  context: CommandContext,
): Promise<ExitCode> {
  const { out, style } = context.output;
  return eachCluster(
    {
      ...options,
      show: ({ live, facts, plan }) =>
        writeLine(out, `${statusText(statusView(live, facts, plan), style)}\n`),
      json: ({ live, facts, plan }) => statusJson(statusView(live, facts, plan), plan),
      exitCode: ({ plan }) => EXIT_OF[plan.status],
    },
    context,
  );
}
