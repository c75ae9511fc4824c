/** `redisforge secrets`: creates the password files that a spec refers to and that do not exist yet. */
import type { ClusterSpec } from '../../../spec-schema/cluster-spec.ts';
import { EXIT, type ExitCode, worst } from '../exit-codes.ts';
import { createSecretFile } from '../secret-files.ts';
import { writeLine } from '../terminal/screen.ts';
import { type CommandContext, specsFor } from './command.ts';

/** A reference of a spec to a secret. */
export interface SecretUse {
  /** What it is for, in words. */
  readonly purpose: string;
  readonly file?: string;
  readonly env?: string;
  /** Passwords can be made up; keys and certificates belong to something that exists already. */
  readonly generated: boolean;
}

export async function secretsCommand(
  options: { readonly spec: string },
  context: CommandContext,
): Promise<ExitCode> {
  const { output, settings } = context;
  const { documents, problems } = await specsFor(options.spec, context, 'human');
  const codes: ExitCode[] = problems.length > 0 ? [EXIT.error] : [];
  for (const { spec } of documents) {
    if (spec === undefined) continue;
    for (const use of secretUses(spec)) {
      const { text, code } = await provide(use, context);
      codes.push(code);
      writeLine(
        code === EXIT.done ? output.out : output.err,
        `${output.style.bold(spec.metadata.name)}: ${text}`,
      );
    }
  }
  if (codes.every((code) => code === EXIT.done))
    writeLine(output.out, `All secrets are in ${settings.secretsDir}`);
  return worst(codes);
}

async function provide(
  use: SecretUse,
  { settings, output }: CommandContext,
): Promise<{ text: string; code: ExitCode }> {
  const { style } = output;
  if (use.env !== undefined) {
    const isSet = (settings.environment[use.env] ?? '') !== '';
    return isSet
      ? { text: `${use.purpose}: environment variable ${use.env} is set`, code: EXIT.done }
      : { text: `${use.purpose}: set the environment variable ${use.env} yourself`, code: EXIT.pending };
  }
  const file = use.file ?? '';
  const result = await createSecretFile(settings.secretsDir, file, use.generated);
  if (result === 'created')
    return { text: `${use.purpose}: ${style.green('created')} ${file}`, code: EXIT.done };
  if (result === 'kept')
    return { text: `${use.purpose}: ${file} exists and stays as it is`, code: EXIT.done };
  return { text: `${use.purpose}: put ${file} there yourself, it cannot be made up`, code: EXIT.pending };
}

/** Every secret that a spec refers to, each file and variable once. */
export function secretUses(spec: ClusterSpec): SecretUse[] {
  const uses: SecretUse[] = [
    { purpose: "password of RedisForge's own user", generated: true, ...spec.auth.operator.password },
    { purpose: 'password of the replication user', generated: true, ...spec.auth.replication.password },
    ...spec.users.flatMap(({ name, password }) =>
      password === undefined ? [] : [{ purpose: `password of user ${name}`, generated: true, ...password }],
    ),
    ...spec.hosts.flatMap(({ name, ssh, tls }) => [
      ...(ssh === undefined
        ? []
        : [{ purpose: `SSH key for host ${name}`, generated: false, ...ssh.identity }]),
      ...(tls === undefined
        ? []
        : [
            { purpose: `authority of the engine of ${name}`, generated: false, ...tls.ca },
            { purpose: `certificate for the engine of ${name}`, generated: false, ...tls.certificate },
            { purpose: `key for the engine of ${name}`, generated: false, ...tls.key },
          ]),
    ]),
  ];
  const seen = new Set<string>();
  return uses.filter(({ file, env }) => {
    const key = env === undefined ? `file ${file}` : `env ${env}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
