/** Answers to the commands that people write in comments. */
import type { Problem } from '../../../spec-schema/problem.ts';
import type { ClusterState } from '../../model/cluster-state.ts';
import type { PlannedStep } from '../../planner/next-steps.ts';
import { explainText } from '../explain-text.ts';
import { code, escaped } from '../markdown.ts';
import { stepInWords } from '../step-words.ts';
import { PLAIN } from '../style.ts';
import { clientEffect } from './client-effects.ts';
import { momentText, problemList, wholeOf } from './parts.ts';
import { fitted, IMPORTANCE, text } from './tree.ts';

/** What became of a command. Names of people are log-ins without `@`. */
export type Answer =
  /** The plan is made anew; its comment will show it. */
  | { readonly kind: 'planning'; readonly commit: string }
  | {
      readonly kind: 'approved';
      readonly plan: string;
      readonly by: string;
      /** What is still open, one line each. */
      readonly open: readonly string[];
    }
  | {
      readonly kind: 'paused';
      /** Clusters; empty for all of the repository. */
      readonly clusters: readonly string[];
      readonly by: string;
      readonly reason: string;
      /** Milliseconds since the epoch; undefined until somebody resumes. */
      readonly until: number | undefined;
    }
  | { readonly kind: 'resumed'; readonly clusters: readonly string[]; readonly by: string }
  | { readonly kind: 'stopped'; readonly clusters: readonly string[]; readonly by: string }
  | { readonly kind: 'unlocked'; readonly clusters: readonly string[]; readonly by: string }
  | {
      readonly kind: 'explained';
      readonly planned: PlannedStep;
      readonly wave: { readonly number: number; readonly of: number };
      /** The state on paper that the step starts from. */
      readonly before: ClusterState;
    }
  | { readonly kind: 'help' }
  /** Not carried out, and why. */
  | { readonly kind: 'refused'; readonly command: string; readonly problems: readonly Problem[] };

/** Commands and what they do, for `help` and for whoever mistypes one. */
const COMMANDS: readonly (readonly [command: string, meaning: string])[] = [
  ['/redisforge plan', 'plan again; for a fork: `/redisforge plan <all 40 digits of its commit>`'],
  [
    '/redisforge approve <plan id>',
    'approve exactly this plan; a plan that becomes another one needs a new approval',
  ],
  ['/redisforge pause [duration] <reason>', 'change nothing on the clusters of this pull request for a time'],
  ['/redisforge resume', 'end a pause'],
  ['/redisforge stop', 'end what is being carried out after the steps that have begun'],
  ['/redisforge unlock', 'let go of a rollout that waits for nobody any more'],
  ['/redisforge explain <step id>', 'why a step is there, what it sends, what it changes'],
  ['/redisforge help', 'this list'],
];

const BUDGET = 20_000;

export function answerText(answer: Answer): string {
  switch (answer.kind) {
    case 'planning':
      return `Planning ${code(answer.commit.slice(0, 40))} again; the comment above will show it.`;
    case 'approved': {
      const open = answer.open.map((one) => `\n- ⏳ ${escaped(one)}`).join('');
      const rest = answer.open.length === 0 ? 'Nothing else is open.' : `Still open:\n${open}`;
      return `✅ ${code(answer.plan)} is approved by ${escaped(answer.by)}. ${rest}`;
    }
    case 'paused': {
      const until =
        answer.until === undefined ? 'until somebody resumes' : `until ${momentText(answer.until)}`;
      return `⏸️ ${who(answer.clusters)} paused ${until}, by ${escaped(answer.by)}: ${escaped(answer.reason)}\n\nNothing is changed there meanwhile. To end it: \`/redisforge resume\``;
    }
    case 'resumed':
      return `▶️ ${who(answer.clusters)} resumed by ${escaped(answer.by)}.`;
    case 'stopped':
      return `⏹️ ${who(answer.clusters)} stopped by ${escaped(answer.by)}: steps that have begun come to their end, no other is begun. To go on: \`/redisforge resume\``;
    case 'unlocked':
      return `🔓 ${who(answer.clusters)} unlocked by ${escaped(answer.by)}.`;
    case 'explained':
      return explained(answer);
    case 'help':
      return helpText();
    case 'refused':
      return refused(answer);
  }
}

function who(clusters: readonly string[]): string {
  if (clusters.length === 0) return 'All clusters of this repository:';
  return `${clusters.map(code).join(', ')}:`;
}

function helpText(): string {
  const rows = COMMANDS.map(([command, meaning]) => `| ${code(command)} | ${meaning} |`);
  return [
    'Commands stand in the first line of a new comment; whoever writes one needs write permission here.',
    ['| Command | What it does |', '| --- | --- |', ...rows].join('\n'),
  ].join('\n\n');
}

function refused({ command, problems }: Extract<Answer, { kind: 'refused' }>): string {
  const pieces = [text(`⛔ Not carried out: ${code(command.slice(0, 200))}`), problemList(problems)];
  return fitted(pieces, { budget: BUDGET, whole: wholeOf({}) }) ?? '⛔ Not carried out.';
}

function explained({ planned, wave, before }: Extract<Answer, { kind: 'explained' }>): string {
  const lines = [
    ...explainText(planned, before, wave, PLAIN).split('\n'),
    `  clients    ${clientEffect(planned.step)}`,
  ];
  const pieces = [
    {
      kind: 'code',
      noun: ['line', 'lines'],
      language: 'text',
      rows: lines.map((line) => ({ cells: [line], importance: IMPORTANCE.safe })),
    },
  ] as const;
  return fitted(pieces, { budget: BUDGET, whole: wholeOf({}) }) ?? escaped(stepInWords(planned.step));
}
