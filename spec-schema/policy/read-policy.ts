/** Reads a `redisforge.policy.yaml`: the policy, or everything that is wrong with it, each with its place. */
import { type Finding, problemOf } from '../finding.ts';
import { locator, treeAt } from '../locate.ts';
import { hasErrors, type Problem } from '../problem.ts';
import { scheduleFindings } from '../rules/maintenance.ts';
import { sourceText } from '../source-text.ts';
import { plainValue } from '../spec-tree.ts';
import { type FileForm, structureFindings } from '../structure.ts';
import { yamlTree } from '../yaml-tree.ts';
import { type ApprovalPolicy, policySchema } from './policy.ts';

const POLICY_FORM: FileForm = { schema: policySchema, noun: 'policy' };

export interface ReadPolicyResult {
  /** Undefined when any problem is an error. */
  readonly policy: ApprovalPolicy | undefined;
  readonly problems: readonly Problem[];
}

/**
 * Pure; never throws, whatever the bytes.
 * @param file name for the positions of problems.
 */
export function readPolicy(source: Uint8Array | string, file: string): ReadPolicyResult {
  const { text, problems: encoding } = sourceText(source, file);
  if (text === undefined) return { policy: undefined, problems: encoding };
  const { tree, faulty, problems: syntax } = yamlTree(text, file);
  if (tree === undefined) return { policy: undefined, problems: [...encoding, ...syntax] };
  const value = plainValue(tree);
  const locate = locator(text, file, tree);
  const { data: policy, error } = policySchema.safeParse(value);
  const findings =
    policy === undefined
      ? (error?.issues ?? []).flatMap((issue) => structureFindings(issue, value, POLICY_FORM))
      : policyFindings(policy);
  const found = findings
    .filter(({ path }) => {
      const subject = treeAt(tree, path);
      return subject === undefined || !faulty.has(subject);
    })
    .map((finding) => problemOf(finding, locate));
  const problems = [...encoding, ...syntax, ...found].toSorted(
    ({ where: a }, { where: b }) => (a?.line ?? 0) - (b?.line ?? 0) || (a?.column ?? 0) - (b?.column ?? 0),
  );
  return { policy: hasErrors(problems) ? undefined : policy, problems };
}

/** What can only be said of fields together. */
function policyFindings(policy: ApprovalPolicy): Finding[] {
  return [
    ...scheduleFindings(policy, []),
    ...policy.approvals.flatMap(({ count, logins, teams }, index): Finding[] =>
      teams.length === 0 && logins.length > 0 && new Set(logins).size < count
        ? [
            {
              severity: 'error',
              code: 'too-few-approvers',
              path: ['approvals', index, 'count'],
              summary: `${count} approvals are asked for, and only ${new Set(logins).size} people may give one`,
              hint: 'name more logins or a team, or ask for fewer approvals',
            },
          ]
        : [],
    ),
  ];
}
