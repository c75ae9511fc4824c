/** `redisforge adopt`: the spec of a cluster that runs already. Changes nothing. */
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Adoption, adopt } from '../../engine/adopt.ts';
import type { Endpoint } from '../../model/facts.ts';
import { Secret } from '../../ports.ts';
import { counted } from '../../render/quantities.ts';
import { visibleLine } from '../../render/visible.ts';
import { EXIT, type ExitCode, Refusal } from '../exit-codes.ts';
import { reportProblems } from '../spec-problems.ts';
import { writeLine } from '../terminal/screen.ts';
import { wire } from '../wiring.ts';
import type { CommandContext } from './command.ts';

export interface AdoptOptions {
  readonly user: string;
  readonly passwordFile?: string;
  readonly name?: string;
  readonly docker?: string;
  readonly output?: string;
}

export async function adoptCommand(
  address: string,
  options: AdoptOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const { docker, name: cluster, output } = options;
  if (docker !== undefined && cluster === undefined)
    throw new Refusal('--docker needs --name: containers are found by the name of their cluster');
  if (docker !== undefined && !docker.startsWith('unix:///'))
    throw new Refusal(
      `--docker ${docker}: only the engine of this machine can be asked, as unix:///var/run/docker.sock`,
    );
  const seed = endpointOf(address);
  const { ports, close } = await wire(context.settings);
  let adoption: Adoption;
  try {
    const password =
      options.passwordFile === undefined
        ? new Secret('')
        : await ports.secrets.read({ file: resolve(options.passwordFile) });
    const credentials = { username: options.user, password };
    adoption = await adopt({ seed, credentials, cluster, docker }, ports);
  } finally {
    await close();
  }
  if (output === undefined) context.output.out.write(adoption.text);
  else await writeNew(output, adoption.text);
  return report(adoption, output ?? 'the spec', context);
}

function report(
  { text, problems, members, unread }: Adoption,
  what: string,
  { output: { err, errStyle } }: CommandContext,
): ExitCode {
  const checks = text.match(/# CHECK: /g)?.length ?? 0;
  for (const { address, reason } of unread)
    writeLine(err, `${errStyle.yellow('not read')}: ${address}: ${visibleLine(reason)}`);
  reportProblems(problems, err, errStyle);
  writeLine(
    err,
    `${what} describes ${counted(members, 'member')}, of which ${members - unread.length} were read; decide what is marked with CHECK (${checks}), then look at \`redisforge plan\``,
  );
  return problems.length > 0 || unread.length > 0 ? EXIT.blocked : EXIT.done;
}

/** `10.0.1.10:6379`, `[fd00::1]:6379`, `redis.example.com:6379`. */
function endpointOf(text: string): Endpoint {
  const match = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3] ?? 0);
  const ip = match?.[1] ?? match?.[2];
  if (ip === undefined || port < 1 || port > 65_535)
    throw new Refusal(`${text} is no address of a node: write host:port, for example 10.0.1.10:6379`);
  return { ip, port };
}

/** What is there is somebody's work. */
async function writeNew(path: string, text: string): Promise<void> {
  try {
    const file = await open(path, 'wx');
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Refusal(
      code === 'EEXIST' ? `${path} exists already; nothing was written` : `${path}: ${message}`,
    );
  }
}
