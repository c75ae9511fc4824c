/** `redisforge plan`: what would be done to the live clusters, wave by wave. Changes nothing. */
import { planJson } from '../../render/plan-json.ts';
import { planMarkdown } from '../../render/plan-markdown.ts';
import { planText } from '../../render/plan-text.ts';
import { planView } from '../../render/plan-view.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { writeLine } from '../terminal/screen.ts';
import type { CommandContext } from './command.ts';
import { eachCluster } from './each-cluster.ts';

export const PLAN_FORMATS = ['human', 'json', 'markdown'] as const;

const EXIT_OF = { converged: EXIT.done, changes: EXIT.pending, blocked: EXIT.blocked } as const;

export async function planCommand(
  options: { readonly spec: string; readonly format: (typeof PLAN_FORMATS)[number] },
  context: CommandContext,
): Promise<ExitCode> {
  const { out, style } = context.output;
  return eachCluster(
    {
      ...options,
      show({ plan, live }) {
        const text =
          options.format === 'markdown'
            ? planMarkdown(plan, live)
            : `${planText(planView(plan, live), style)}\n`;
        writeLine(out, text);
      },
      json: ({ plan, live }) => planJson(plan, live),
      exitCode: ({ plan }) => EXIT_OF[plan.status],
    },
    context,
  );
}
