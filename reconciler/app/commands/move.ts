/** `redisforge move` and `redisforge replace`: a new node on another host instead of an old one, in the spec file. */
import { type Move, moveNode } from '../../../spec-schema/edit/move.ts';
import type { ExitCode } from '../exit-codes.ts';
import type { CommandContext } from './command.ts';
import { type EditOptions, editSpec } from './edit-spec.ts';

export type MoveOptions = EditOptions & Pick<Move, 'name' | 'port' | 'address'>;

export async function moveCommand(
  node: string,
  options: MoveOptions & { readonly to: string },
  context: CommandContext,
): Promise<ExitCode> {
  return placed({ node, to: options.to, because: 'move' }, options, context);
}

export async function replaceCommand(
  node: string,
  options: MoveOptions & { readonly with: string },
  context: CommandContext,
): Promise<ExitCode> {
  return placed({ node, to: options.with, because: 'replace' }, options, context);
}

function placed(move: Move, options: MoveOptions, context: CommandContext): Promise<ExitCode> {
  const { name, port, address } = options;
  return editSpec(options, context, (original) =>
    moveNode(original, {
      ...move,
      ...(name === undefined ? {} : { name }),
      ...(port === undefined ? {} : { port }),
      ...(address === undefined ? {} : { address }),
    }),
  );
}
