/** What `redisforge.policy.yaml` may say, and what is told of it when it is wrong. */
import { describe, expect, it } from 'vitest';
import { DEFAULT_POLICY } from '../../spec-schema/policy/policy.ts';
import { readPolicy } from '../../spec-schema/policy/read-policy.ts';

const HEAD = 'apiVersion: redisforge.dev/v1\nkind: Policy\n';

function problemsOf(text: string): string[] {
  return readPolicy(HEAD + text, 'redisforge.policy.yaml').problems.map(
    ({ code, where }) => `${where?.line}:${where?.column} ${code}`,
  );
}

describe('a policy', () => {
  it('that says nothing is the one that holds without a file: pushes are held, clusters are not let go', () => {
    const { policy, problems } = readPolicy(HEAD, 'redisforge.policy.yaml');
    expect(problems).toEqual([]);
    expect(policy).toEqual(DEFAULT_POLICY);
    expect(policy).toMatchObject({ onDirectPush: 'hold', confirm: 'data-loss', approvals: [] });
    expect(policy?.limits).toEqual({ shrinkPercent: 50, release: 'refused' });
  });

  it('is refused with the place of everything that is wrong', () => {
    expect(
      problemsOf('onDirectPush: maybe\napprovals: [{ risks: [harmless], count: 0 }]\nowner: ada\n'),
    ).toEqual(['3:15 invalid-value', '4:23 invalid-value', '4:41 out-of-range', '5:1 unknown-key']);
  });

  it('has windows that open in a time zone that exists', () => {
    expect(problemsOf('timezone: Mars/Olympus\nwindows: [{ cron: "0 0 31 2 *", minutes: 5 }]\n')).toEqual([
      '3:11 unknown-timezone',
      '4:19 invalid-cron',
    ]);
  });

  it('asks for no more approvals than there are people to give them', () => {
    const rule = (text: string) => `approvals: [{ risks: [destructive], count: 2, logins: [ada] ${text} }]\n`;
    expect(problemsOf(rule(''))).toEqual(['3:44 too-few-approvers']);
    expect(problemsOf(rule(', teams: [acme/redis]'))).toEqual([]);
  });

  it('of any bytes is read without an exception', () => {
    for (const bytes of ['', '\0', '- 1', 'a: &a [*a]', '{', '\ufeffkind: Policy'])
      expect(readPolicy(bytes, 'p.yaml').policy).toBeUndefined();
  });
});
