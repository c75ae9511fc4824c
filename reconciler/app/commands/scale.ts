/** `redisforge scale`: more or fewer shards or replicas, as an edit of the spec file. */
import { scaleSpec } from '../../../spec-schema/edit/scale.ts';
import { type ExitCode, Refusal } from '../exit-codes.ts';
import type { CommandContext } from './command.ts';
import { type EditOptions, editSpec } from './edit-spec.ts';

export async function scaleCommand(
  options: EditOptions & { readonly shards?: number; readonly replicas?: number },
  context: CommandContext,
): Promise<ExitCode> {
  const { shards, replicas } = options;
  if (shards === undefined && replicas === undefined)
    throw new Refusal('say how many there are to be: --shards, --replicas or both');
  return editSpec(options, context, (original) =>
    scaleSpec(original, {
      ...(shards === undefined ? {} : { shards }),
      ...(replicas === undefined ? {} : { replicas }),
    }),
  );
}
