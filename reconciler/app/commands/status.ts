/** `redisforge status`: the live clusters as they are, and in what they differ from the spec. Changes nothing. */
import { type Standing, standingOf } from '../../engine/pull-requests/standing.ts';
import { statusJson } from '../../render/status-json.ts';
import { statusText } from '../../render/status-text.ts';
import { statusView } from '../../render/status-view.ts';
import { visibleLine } from '../../render/visible.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Inspection } from '../inspection.ts';
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
      async show(inspection) {
        const { live, facts, plan } = inspection;
        writeLine(out, `${statusText(statusView(live, facts, plan), style)}\n`);
        const { brake, held } = await standing(inspection);
        const waiting = [...(brake === undefined ? [] : [brake]), ...held];
        if (waiting.length === 0) return;
        writeLine(out, style.bold('What changes wait for'));
        for (const { summary, hint } of waiting)
          writeLine(out, `  ${style.yellow('⏸')} ${visibleLine(summary)}\n      hint: ${visibleLine(hint)}`);
        writeLine(out, '');
      },
      async json(inspection) {
        const { live, facts, plan } = inspection;
        return { ...statusJson(statusView(live, facts, plan), plan), ...(await standing(inspection)) };
      },
      exitCode: ({ plan }) => EXIT_OF[plan.status],
    },
    context,
  );
}

/** As the reconciler on this machine has noted it; nothing, where there is none. */
function standing({ cluster: { ports, intent } }: Inspection): Promise<Standing> {
  return standingOf(ports.store, intent.spec.metadata.name, ports.clock.now());
}
