/** The command line: every command with its options, its help and examples. What a command does is loaded when it is run. */
import { Command, Option } from 'commander';
import type { CommandContext } from './commands/command.ts';
import { ADOPT_EXAMPLES, addAdopt, addEditCommands } from './edit-commands.ts';
import type { ExitCode } from './exit-codes.ts';
import { SETTING_TABLE, type SettingDefinition, settingsHelp } from './setting-table.ts';
import { processSources, readRunSettings, readSettings } from './settings.ts';
import type { Output } from './terminal/screen.ts';
import { VERSION } from './version.ts';

const EXIT_HELP = 'Exit codes: 0 done or nothing to do, 1 error, 2 changes pending, 3 blocked.';

/**
 * @param ended gets the exit code of the command that was run.
 */
export function program(output: Output, ended: (code: ExitCode) => void): Command {
  const root = new Command('redisforge')
    .description(
      'Keeps Redis Clusters on plain Docker hosts equal to the cluster.yaml files in a Git repository.',
    )
    .version(VERSION, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .showHelpAfterError('(--help shows what can be said)')
    .configureHelp({ sortSubcommands: false })
    .addHelpText(
      'after',
      `${examples([
        'redisforge validate',
        'redisforge plan --spec cluster.yaml',
        'redisforge apply --spec clusters/',
      ])}\n\n${EXIT_HELP}`,
    );

  root
    .command('validate')
    .summary('check spec files')
    .description('Checks spec files without looking at any cluster and shows every problem with its place.')
    .argument('[paths...]', 'files, or folders with cluster.yaml files below them (default: this folder)')
    .addOption(format(['human', 'json', 'sarif']))
    .addHelpText('after', examples(['redisforge validate', 'redisforge validate clusters/ --format sarif']))
    .action(async (paths: string[], options) => {
      const { validateCommand } = await import('./commands/validate.ts');
      ended(await validateCommand(paths, options, output));
    });

  const forCluster = (
    name: string,
    summary: string,
    description: string,
    lines: readonly string[],
  ): Command =>
    withSettings(
      root
        .command(name)
        .summary(summary)
        .description(description)
        .option('--spec <path>', 'spec file, or a folder with cluster.yaml files below it (required)')
        .hook('preAction', (command) => {
          // Not a required option of commander's: it would be missed before a misspelled one is noticed.
          if (command.opts()['spec'] === undefined) command.error("error: option '--spec <path>' is missing");
        }),
      'all',
      lines,
    );
  const context = (options: Record<string, unknown>): CommandContext => ({
    output,
    settings: readSettings(processSources(options)),
  });

  forCluster(
    'plan',
    'show what would be done',
    'Looks at the live clusters and shows what would be done, wave by wave. Changes nothing.',
    [
      'redisforge plan --spec cluster.yaml',
      'redisforge plan --spec clusters/ --format markdown > comment.md',
      'redisforge plan --spec . --offline --against origin/main',
    ],
  )
    .addOption(format(['human', 'json', 'markdown']))
    .option('--offline', 'look at nothing: plan from one version of the spec to another, on paper')
    .option(
      '--against <version>',
      'with --offline: the other version, a folder or a Git commit (default: nothing yet)',
    )
    .action(async (options, command: Command) => {
      if (options.offline === true) {
        const { offlinePlanCommand } = await import('./commands/offline-plan.ts');
        return ended(await offlinePlanCommand(options, context(options)));
      }
      if (options.against !== undefined)
        command.error("error: option '--against <version>' needs '--offline'");
      const { planCommand } = await import('./commands/plan.ts');
      ended(await planCommand(options, context(options)));
    });

  forCluster(
    'apply',
    'make the clusters as the spec says',
    'Shows the plan, then carries it out wave by wave. Ctrl-C stops between steps, a second one at once; the next apply goes on from there.',
    ['redisforge apply --spec cluster.yaml'],
  ).action(async (options) => {
    const { applyCommand } = await import('./commands/apply.ts');
    ended(await applyCommand(options, context(options)));
  });

  forCluster(
    'status',
    'show the live clusters',
    'Shows shards, zones, roles, slots, links, memory and what differs from the spec. Changes nothing.\nExit code 0: as the spec says; 2: it differs and RedisForge can put it right; 3: somebody is needed.',
    [
      'redisforge status --spec cluster.yaml',
      "redisforge status --spec cluster.yaml --format json | jq '.clusters[].shards'",
    ],
  )
    .addOption(format(['human', 'json']))
    .action(async (options) => {
      const { statusCommand } = await import('./commands/status.ts');
      ended(await statusCommand(options, context(options)));
    });

  forCluster(
    'explain',
    'explain one step of the plan',
    'Shows why a step is in the plan, what it sends, what it changes and what it may cost. Changes nothing.',
    ['redisforge explain switchover:s1:orders-1\\>orders-1r --spec cluster.yaml'],
  )
    .argument('<step-id>', 'as `plan` shows it')
    .action(async (id: string, options) => {
      const { explainCommand } = await import('./commands/explain.ts');
      ended(await explainCommand(id, options, context(options)));
    });

  addEditCommands({ forCluster, context, ended });
  addAdopt(withSettings(root.command('adopt'), 'all', ADOPT_EXAMPLES), { context, ended });

  forCluster(
    'secrets',
    'create missing password files',
    'Creates the password files that the spec refers to and that do not exist yet: random, readable by you alone. Prints no value, overwrites nothing.',
    ['redisforge secrets --spec cluster.yaml'],
  ).action(async (options) => {
    const { secretsCommand } = await import('./commands/secrets.ts');
    ended(await secretsCommand(options, context(options)));
  });

  root
    .command('schema')
    .summary('print the JSON Schema of cluster.yaml')
    .description('Prints the JSON Schema of cluster.yaml, for completion and checks in editors.')
    .addHelpText('after', examples(['redisforge schema > cluster.schema.json']))
    .action(async () => {
      const { schemaCommand } = await import('./commands/schema.ts');
      ended(schemaCommand(output));
    });

  withSettings(
    root
      .command('comment')
      .summary('say something under a branch')
      .description(
        'Where branches are the proposals (`--forge local`): says something under one, as in a comment of a pull request, and waits for the answer. Commands: plan, approve, pause, resume, stop, unlock, explain, help. What came onto the followed branch directly is approved under its name.\nExit code: 0 done, 3 refused, 1 nobody answered.',
      )
      .argument('<branch>', 'the branch, or the followed one')
      .argument('<words...>', 'a command, or whatever there is to say'),
    'all',
    [
      'redisforge comment more-memory approve p_3f9c01ab77de',
      'redisforge comment more-memory pause orders 2h somebody is looking at it',
      'redisforge comment main help',
    ],
  ).action(async (branch: string, words: string[], options) => {
    const { commentCommand } = await import('./commands/comment.ts');
    ended(await commentCommand(branch, words, context(options)));
  });

  withSettings(
    root
      .command('run')
      .summary('run the reconciler')
      .description(
        'Follows a branch of a Git repository, converges every cluster of it, and repairs drift until it is stopped.',
      )
      .option('--once', 'end when every cluster of the head commit has converged, or cannot'),
    'run',
    [
      'redisforge run --repository ../clusters',
      'REDISFORGE_REPOSITORY=https://git.example.com/ops/clusters.git redisforge run',
      'redisforge run --repository ../clusters --once',
    ],
  ).action(async (options) => {
    const { runCommand } = await import('./commands/run.ts');
    ended(
      await runCommand({ once: options.once === true }, readRunSettings(processSources(options)), output),
    );
  });
  return root;
}

function format(choices: readonly string[]): Option {
  return new Option('--format <format>', 'how to show it').choices(choices).default('human');
}

/** The flags of the settings of a scope, with the table of their variables below the help. */
function withSettings(
  command: Command,
  scope: SettingDefinition['scope'],
  lines: readonly string[],
): Command {
  for (const definition of Object.values<SettingDefinition>(SETTING_TABLE)) {
    if (definition.flag === undefined || (definition.scope === 'run' && scope !== 'run')) continue;
    command.option(definition.flag, definition.meaning);
  }
  return command.addHelpText('after', `${examples(lines)}\n\n${settingsHelp(scope)}\n\n${EXIT_HELP}`);
}

function examples(lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
