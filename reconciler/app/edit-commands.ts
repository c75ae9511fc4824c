/** The commands that write a spec file, as the command line knows them: options, help and examples. */
import { type Command, InvalidArgumentError } from 'commander';
import type { CommandContext } from './commands/command.ts';
import type { ExitCode } from './exit-codes.ts';

/** What {@link addEditCommands} needs of the program that they are added to. */
export interface ProgramParts {
  /** Makes a command that looks at the clusters of `--spec`. */
  forCluster(name: string, summary: string, description: string, examples: readonly string[]): Command;
  context(options: Record<string, unknown>): CommandContext;
  ended(code: ExitCode): void;
}

const THEN =
  'Changes only the lines that it has to, shows them, writes the file, and shows the plan as `plan` does. The cluster is not touched: commit the file, or `redisforge apply` it.\nExit code: as of `plan`; with --dry-run 2 when the file would change.';

export function addEditCommands({ forCluster, context, ended }: ProgramParts): void {
  const editing = (name: string, summary: string, what: string, examples: readonly string[]): Command =>
    forCluster(name, summary, `${what}\n${THEN}`, examples).option(
      '--dry-run',
      'show what would change in the file, and nothing else',
    );

  editing(
    'scale',
    'add or remove shards and replicas in the spec',
    'Adds shards and replicas with the next names, ports and addresses, on hosts where all rules hold; or takes the last ones out.',
    [
      'redisforge scale --shards 4 --spec cluster.yaml',
      'redisforge scale --replicas 2 --spec cluster.yaml --dry-run',
    ],
  )
    .option('--shards <number>', 'how many shards there are to be', numberFrom(1))
    .option('--replicas <number>', 'how many replicas every shard is to have', numberFrom(0))
    .action(async (options) => {
      const { scaleCommand } = await import('./commands/scale.ts');
      ended(await scaleCommand(options, context(options)));
    });

  withPlace(
    editing(
      'move',
      'move a node to another host in the spec',
      'Puts a new node on another host in the place of a node: the new one joins and synchronises first, then the old one leaves.',
      ['redisforge move orders-1r --to c2 --spec cluster.yaml'],
    )
      .argument('<node>', 'the node that goes')
      .requiredOption('--to <host>', 'the host of the node that comes (required)'),
  ).action(async (node: string, options) => {
    const { moveCommand } = await import('./commands/move.ts');
    ended(await moveCommand(node, options, context(options)));
  });

  withPlace(
    editing(
      'replace',
      'replace a node whose host is gone in the spec',
      'Puts a new node on another host in the place of one whose host is gone for good. The host leaves the file with its last node.',
      ['redisforge replace orders-1 --with a2 --spec cluster.yaml'],
    )
      .argument('<node>', 'the node that is gone')
      .requiredOption('--with <host>', 'the host of the node that comes (required)'),
  ).action(async (node: string, options) => {
    const { replaceCommand } = await import('./commands/move.ts');
    ended(await replaceCommand(node, options, context(options)));
  });

  editing(
    'set',
    'set one value in the spec',
    'Sets one value; maps that are missing are made. Entries of lists are named: nodes.orders-1.resources.memory.',
    [
      'redisforge set redis.config.maxmemory 12gb --spec cluster.yaml',
      'redisforge set nodes.orders-1.resources.memory 16gb --spec cluster.yaml',
    ],
  )
    .argument('<path>', 'where: names with dots between them')
    .argument('<value>', 'what: as it would stand in the file')
    .action(async (path: string, value: string, options) => {
      const { setCommand } = await import('./commands/set.ts');
      ended(await setCommand(path, value, options, context(options)));
    });
}

export const ADOPT_EXAMPLES = [
  'redisforge adopt 10.0.1.10:6379 > cluster.yaml',
  'redisforge adopt 10.0.1.10:6379 --user admin --password-file admin-password --output orders/cluster.yaml',
] as const;

/** @param command knows the settings that every command has. */
export function addAdopt(
  command: Command,
  { context, ended }: Pick<ProgramParts, 'context' | 'ended'>,
): void {
  command
    .summary('write the spec of a running cluster')
    .description(
      'Looks at a cluster that runs already, through any of its nodes, and writes the cluster.yaml that describes it. What the servers cannot know is marked with CHECK. Changes nothing.\nExit code: 3 when a node could not be read, or the spec breaks a rule.',
    )
    .argument('<host:port>', 'any node of the cluster')
    .option('--user <name>', 'who to log in as', 'default')
    .option('--password-file <file>', 'file with the password (default: none)')
    .option('--name <name>', 'what the cluster is to be called')
    .option(
      '--docker <url>',
      'engine of this machine that has containers of RedisForge: unix:///var/run/docker.sock',
    )
    .option('--output <file>', 'write to a new file instead of standard output')
    .action(async (address: string, options) => {
      const { adoptCommand } = await import('./commands/adopt.ts');
      ended(await adoptCommand(address, options, context(options)));
    });
}

/** What is chosen unless a person says otherwise. */
function withPlace(command: Command): Command {
  return command
    .option('--name <name>', 'its name (default: that of the old one and a number)')
    .option('--port <number>', 'its port (default: the next one that is free)', numberFrom(1))
    .option(
      '--address <ip>',
      'the address that it announces (default: the next one that is free, if the nodes have any)',
    );
}

function numberFrom(least: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!/^\d{1,5}$/.test(text) || number < least)
      throw new InvalidArgumentError(`It must be a whole number, ${least} or more.`);
    return number;
  };
}
