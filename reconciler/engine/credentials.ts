/** The secrets of one cluster: read once per pass over its references, shown to nobody, compared by keyed digest. */
import { createHash, createHmac } from 'node:crypto';
import {
  type ClusterSpec,
  OPERATOR_USER,
  REPLICATION_USER,
  type SecretRef,
} from '../../spec-schema/cluster-spec.ts';
import type { Problem } from '../../spec-schema/problem.ts';
import type { SecretDigests } from '../planner/intent.ts';
import { PortError, type RedisCredentials, type Secret, type Secrets } from '../ports.ts';
import type { Digester } from './interpret/interpret.ts';

export interface Credentials {
  readonly operator: RedisCredentials;
  readonly replication: Secret;
  /** Passwords by user name, RedisForge's own users included; users without a password are not in it. */
  readonly passwords: ReadonlyMap<string, Secret>;
  readonly digester: Digester;
  readonly digests: SecretDigests;
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * Digests under a key that only RedisForge has: they tell whether two secrets are equal, in a plan that is posted,
 * without being a hash that could be attacked with a word list.
 */
function digesterWith(key: Secret): Digester {
  // The same few hashes are read from every node on every pass.
  const known = new Map<string, string>();
  const ofPasswordHash = (hash: string): string => {
    const before = known.get(hash);
    if (before !== undefined) return before;
    const digest = createHmac('sha256', key.reveal()).update(hash).digest('hex').slice(0, 16);
    known.set(hash, digest);
    return digest;
  };
  return { ofPasswordHash, ofSecret: (plain) => (plain === '' ? '' : ofPasswordHash(sha256(plain))) };
}

/** Reads every secret that the spec refers to, or says of all that cannot be read why. */
export async function readCredentials(
  spec: ClusterSpec,
  secrets: Secrets,
): Promise<{ readonly credentials?: Credentials; readonly problems: readonly Problem[] }> {
  const problems: Problem[] = [];
  const read = async (subject: string, ref: SecretRef): Promise<Secret | undefined> => {
    try {
      return await secrets.read(ref);
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      problems.push({
        severity: 'error',
        code: 'secret-unreadable',
        subject,
        summary: error.message,
        hint: 'write the secret there, readable by RedisForge alone',
      });
      return undefined;
    }
  };
  const references: [name: string, subject: string, ref: SecretRef][] = [
    [OPERATOR_USER, 'auth.operator.password', spec.auth.operator.password],
    [REPLICATION_USER, 'auth.replication.password', spec.auth.replication.password],
    ...spec.users.flatMap((user): [string, string, SecretRef][] =>
      user.password === undefined ? [] : [[user.name, `user ${user.name}`, user.password]],
    ),
  ];
  const values = await Promise.all(
    references.map(async ([name, subject, ref]) => [name, await read(subject, ref)] as const),
  );
  const passwords = new Map(
    values.filter((entry): entry is readonly [string, Secret] => entry[1] !== undefined),
  );
  const operator = passwords.get(OPERATOR_USER);
  const replication = passwords.get(REPLICATION_USER);
  if (operator === undefined || replication === undefined || problems.length > 0) return { problems };
  const digester = digesterWith(operator);
  const users = Object.fromEntries(
    [...passwords].map(([name, secret]) => [name, [digester.ofPasswordHash(sha256(secret.reveal()))]]),
  );
  return {
    credentials: {
      operator: { username: OPERATOR_USER, password: operator },
      replication,
      passwords,
      digester,
      digests: { users, replicationPassword: digester.ofSecret(replication.reveal()) },
    },
    problems,
  };
}
