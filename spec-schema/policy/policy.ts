/** The shape of `redisforge.policy.yaml`: what a change of a cluster needs before it may run. Read from the base branch only. */
import { z } from 'zod';

/** Where the policy lies in a spec repository. */
export const POLICY_PATH = 'redisforge.policy.yaml';

const riskSchema = z.enum(['safe', 'disruptive', 'destructive']);

const approvalSchema = z.strictObject({
  risks: z.array(riskSchema).min(1).describe('Plans with a step of one of these classes need the approval'),
  count: z
    .int()
    .min(1)
    .max(10)
    .default(1)
    .describe('How many people have to approve. From 2 on, the author of the pull request is not counted'),
  logins: z
    .array(
      z.string().regex(/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})(?:\[bot\])?$/, {
        error: 'must be the name that somebody logs in with',
      }),
    )
    .default([])
    .describe('People whose approval counts'),
  teams: z
    .array(z.string().regex(/^[\w.-]+\/[\w.-]+$/, { error: 'must be organisation/team' }))
    .default([])
    .describe(
      'Teams whose members count, as organisation/team. Without logins and teams, everybody who may write counts',
    ),
});

const windowSchema = z.strictObject({
  cron: z.string().describe('When the window opens, as five cron fields: minute hour day month weekday'),
  minutes: z.int().min(1).max(10_080).describe('How long it stays open'),
  risks: z
    .array(z.enum(['disruptive', 'destructive']))
    .min(1)
    .default(['disruptive', 'destructive'])
    .describe('Classes of steps that this window is for'),
});

const limitsSchema = z.strictObject({
  slots: z.int().min(1).max(16_384).optional().describe('Slots that one plan may move'),
  nodes: z.int().min(1).optional().describe('Nodes that one plan may deploy, restart or remove'),
  shrinkPercent: z
    .number()
    .min(0)
    .max(100)
    .default(50)
    .describe('Percent of its nodes, or of its shards, by which one pull request may make a spec smaller'),
  release: z
    .enum(['refused', 'allowed'])
    .default('refused')
    .describe('Whether a pull request may take a spec away, after which nobody looks after its cluster'),
});

export const policySchema = z
  .strictObject({
    apiVersion: z.literal('redisforge.dev/v1').describe('Version of this format'),
    kind: z.literal('Policy').describe('What the file describes'),
    onDirectPush: z
      .enum(['hold', 'apply'])
      .default('hold')
      .describe('What happens with a change that came onto the branch without a pull request'),
    approvals: z.array(approvalSchema).default([]).describe('Who has to approve what'),
    confirm: z
      .enum(['data-loss', 'destructive', 'never'])
      .default('data-loss')
      .describe(
        'For which plans somebody has to name the plan: `/redisforge approve <plan id>`; a review is not enough',
      ),
    timezone: z.string().default('UTC').describe('Time zone of the windows, for example Europe/Berlin'),
    windows: z
      .array(windowSchema)
      .default([])
      .describe('Plans with steps of these classes begin only while a window for them is open'),
    limits: limitsSchema.prefault({}).describe('What one plan may not exceed, whoever approves it'),
  })
  .describe('What a change needs before it may run');

/** The policy after defaults. */
export type ApprovalPolicy = z.output<typeof policySchema>;
export type ApprovalRule = ApprovalPolicy['approvals'][number];

/** What holds where the repository has no policy. */
export const DEFAULT_POLICY: ApprovalPolicy = policySchema.parse({
  apiVersion: 'redisforge.dev/v1',
  kind: 'Policy',
});
