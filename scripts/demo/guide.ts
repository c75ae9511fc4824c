/** What to do with the demo: how to connect, and what to try. No password is shown, only the file that holds it. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join, relative } from 'node:path';
import type { Settings } from '../../reconciler/app/settings.ts';
import type { ClusterState } from '../../reconciler/model/cluster-state.ts';
import type { Style } from '../../reconciler/render/style.ts';
import type { ClusterSpec, SecretRef } from '../../spec-schema/cluster-spec.ts';
import { repositoryFolder } from './workspace.ts';

export interface GuideContext {
  readonly spec: ClusterSpec;
  readonly live: ClusterState;
  readonly settings: Settings;
  /** Where the reader is: paths below it are shown short. */
  readonly cwd: string;
  /** Where programs are looked for, as in PATH. */
  readonly path: string;
}

export function guide({ spec, live, settings, cwd, path }: GuideContext, style: Style): string {
  const shown = (file: string): string => shortPath(cwd, file);
  const file = (ref: SecretRef | undefined): string =>
    ref !== undefined && 'file' in ref ? shown(join(settings.secretsDir, ref.file)) : '<its password file>';
  const app = spec.users.find(({ name }) => name === 'app') ?? spec.users[0];
  const [first] = spec.nodes;
  const [victim, other] = spec.nodes.filter(({ name }) => live.nodes[name]?.role === 'primary').slice(1);
  const repository = shown(repositoryFolder(settings));
  const lines: string[] = [];
  if (app !== undefined && first !== undefined) {
    const secret = file(app.password);
    lines.push(
      style.bold(`Connect as user ${app.name}`),
      ...command(connectCommand(first.port, app.name, secret, spec.redis.image, path), style),
      '  or from a program, for example with ioredis:',
      ...code(clusterClient(first.port, app.name, secret), style),
      '',
    );
  }
  lines.push(
    style.bold('Try'),
    '  Propose a change on a branch: the plan for it is shown here, and noted on its commit.',
    ...command(`git -C ${repository} switch -c more-memory`, style),
    ...command(`sed -i 's/maxmemory: .*mb/maxmemory: 128mb/' ${repository}/cluster.yaml`, style),
    ...command(`git -C ${repository} commit -am "More memory"`, style),
    ...command(`git -C ${repository} notes show more-memory`, style),
    '  Merge it: it is done, in the safe order.',
    ...command(`git -C ${repository} switch main`, style),
    ...command(`git -C ${repository} merge more-memory`, style),
  );
  if (victim !== undefined)
    lines.push(
      '  Kill a primary: its replica takes over, and it comes back as a replica.',
      ...command(`docker kill ${victim.name}`, style),
    );
  if (other !== undefined)
    lines.push(
      '  Change something by hand: it is noticed and put right.',
      ...command(
        `docker exec -e REDISCLI_AUTH="$(cat ${file(spec.auth.operator.password)})" ${other.name} redis-cli -p ${other.port} --user redisforge CONFIG SET maxmemory 64mb`,
        style,
      ),
    );
  lines.push('  Look at it from the side:', ...command(`npx redisforge status --spec ${repository}`, style));
  return lines.join('\n');
}

/** Relative to where the reader is, unless that leads away from there. */
export function shortPath(cwd: string, file: string): string {
  const way = relative(cwd, file);
  return way.startsWith('..') ? file : way || '.';
}

/** Published ports are reached from the machine's own network; where there is no redis-cli, one of the image is used. */
function connectCommand(port: number, user: string, secret: string, image: string, path: string): string {
  const cli = `redis-cli -c -h 127.0.0.1 -p ${port} --user ${user}`;
  if (isInstalled('redis-cli', path)) return `REDISCLI_AUTH="$(cat ${secret})" ${cli}`;
  return `docker run --rm -it --network host -e REDISCLI_AUTH="$(cat ${secret})" ${image} ${cli}`;
}

function clusterClient(port: number, user: string, secret: string): string[] {
  return [
    "import { readFileSync } from 'node:fs';",
    "import { Cluster } from 'ioredis';",
    `const password = readFileSync('${secret}', 'utf8').trim();`,
    `const redis = new Cluster([{ host: 'localhost', port: ${port} }], { redisOptions: { username: '${user}', password } });`,
    "console.log(await redis.set('hello', 'world'), await redis.get('hello'));",
  ];
}

function command(text: string, style: Style): string[] {
  return [`    ${style.cyan(text)}`];
}

function code(lines: readonly string[], style: Style): string[] {
  return lines.map((line) => `    ${style.cyan(line)}`);
}

function isInstalled(program: string, path: string): boolean {
  return path.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
