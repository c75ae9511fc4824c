/** The policy of a spec repository, as it lies at the root of a working copy. */
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { POLICY_PATH } from '../../spec-schema/policy/policy.ts';
import { readPolicy } from '../../spec-schema/policy/read-policy.ts';
import { MAX_SPEC_BYTES } from '../../spec-schema/source-text.ts';
import { Refusal } from './exit-codes.ts';
import type { ProblemDocument } from './spec-problems.ts';

export interface PolicyDocument extends ProblemDocument {
  readonly isValid: boolean;
}

export function isPolicy(path: string): boolean {
  return basename(path) === POLICY_PATH;
}

/** Policies at the root of the folders among some paths, or that are named themselves. None is fine. @throws Refusal */
export async function readPolicyFiles(paths: readonly string[]): Promise<PolicyDocument[]> {
  const files = paths.map((path) => (isPolicy(path) ? path : join(path, POLICY_PATH)));
  const found: PolicyDocument[] = [];
  for (const path of new Set(files)) {
    const size = await stat(path).then(
      (entry) => entry.size,
      () => undefined,
    );
    if (size === undefined) continue;
    if (size > MAX_SPEC_BYTES) throw new Refusal(`${path} has ${size} bytes, more than ${MAX_SPEC_BYTES}`);
    const bytes = await readFile(path);
    const { policy, problems } = readPolicy(bytes, path);
    found.push({ path, source: new TextDecoder().decode(bytes), problems, isValid: policy !== undefined });
  }
  return found;
}
