/** `redisforge set`: one value of the spec file, by its address. */
import { setValue } from '../../../spec-schema/edit/set.ts';
import type { ExitCode } from '../exit-codes.ts';
import type { CommandContext } from './command.ts';
import { type EditOptions, editSpec } from './edit-spec.ts';

export async function setCommand(
  address: string,
  value: string,
  options: EditOptions,
  context: CommandContext,
): Promise<ExitCode> {
  return editSpec(options, context, (original) => setValue(original, address, value));
}
