/** What people ask of RedisForge in a comment: one command, on the first line. */

/** A command as it was written; whoever carries it out knows whether it may be, and what it is about. */
export type Command =
  /** `commit`: 40 hexadecimal digits, by which somebody asks for the live plan of a fork. */
  | { readonly verb: 'plan'; readonly commit: string | undefined }
  | { readonly verb: 'approve'; readonly plan: string }
  | {
      readonly verb: 'pause';
      readonly cluster: string | undefined;
      /** Undefined: until somebody resumes. */
      readonly forMs: number | undefined;
      readonly reason: string;
    }
  | { readonly verb: 'stop'; readonly cluster: string | undefined; readonly reason: string }
  | { readonly verb: 'resume' | 'unlock'; readonly cluster: string | undefined }
  /** `step`: id of a step; undefined for what is to be said of the whole plan. */
  | { readonly verb: 'explain'; readonly step: string | undefined }
  | { readonly verb: 'help' }
  /** It was meant as a command and is none. */
  | { readonly verb: 'unclear'; readonly why: string };

export const VERBS = ['plan', 'approve', 'pause', 'resume', 'stop', 'unlock', 'explain', 'help'] as const;

const COMMAND = /^\/redisforge(?:\s+(?<rest>.*))?$/i;
const COMMIT = /^[0-9a-f]{40}$/i;
const PLAN_ID = /^p_[0-9a-f]{12}$/i;
const DURATION = /^(\d{1,4})(m|h|d)$/i;
const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const LONGEST_REASON = 200;

/**
 * The command of a comment; undefined when it holds none.
 * @param clusters names that an argument can be.
 */
export function commandIn(body: string, clusters: ReadonlySet<string>): Command | undefined {
  const line = body.split(/\r\n|\r|\n/, 1)[0]?.trim() ?? '';
  const match = COMMAND.exec(line);
  if (match === null) return undefined;
  const words = (match.groups?.['rest'] ?? '').split(/\s+/).filter((word) => word !== '');
  const verb = (words.shift() ?? 'help').toLowerCase();
  switch (verb) {
    case 'help':
      return { verb };
    case 'plan':
      return planOf(words);
    case 'approve':
      return approveOf(words);
    case 'explain':
      return { verb, step: words[0] };
    case 'resume':
    case 'unlock':
      return targeted(verb, words, clusters);
    case 'pause': {
      const cluster = takeCluster(words, clusters);
      const forMs = takeDuration(words);
      return { verb, cluster, forMs, reason: reasonOf(words) };
    }
    case 'stop':
      return { verb, cluster: takeCluster(words, clusters), reason: reasonOf(words) };
    default:
      return { verb: 'unclear', why: `there is no such command; it is one of ${VERBS.join(', ')}` };
  }
}

function planOf(words: readonly string[]): Command {
  const [commit] = words;
  if (commit === undefined) return { verb: 'plan', commit: undefined };
  if (!COMMIT.test(commit))
    return { verb: 'unclear', why: 'after `plan` comes nothing, or a commit in full: 40 hexadecimal digits' };
  return { verb: 'plan', commit: commit.toLowerCase() };
}

function approveOf(words: readonly string[]): Command {
  const [plan] = words;
  if (plan === undefined || !PLAN_ID.test(plan))
    return {
      verb: 'unclear',
      why: 'after `approve` comes the id of the plan, as the comment shows it: `p_` and 12 digits',
    };
  return { verb: 'approve', plan: plan.toLowerCase() };
}

function targeted(verb: 'resume' | 'unlock', words: string[], clusters: ReadonlySet<string>): Command {
  const cluster = takeCluster(words, clusters);
  const [stranger] = words;
  if (stranger !== undefined)
    return { verb: 'unclear', why: `after \`${verb}\` comes nothing, or the name of a cluster` };
  return { verb, cluster };
}

function takeCluster(words: string[], clusters: ReadonlySet<string>): string | undefined {
  const [first] = words;
  if (first === undefined || !clusters.has(first)) return undefined;
  words.shift();
  return first;
}

function takeDuration(words: string[]): number | undefined {
  const match = DURATION.exec(words[0] ?? '');
  if (match === null) return undefined;
  words.shift();
  return Number(match[1]) * (UNIT_MS[(match[2] ?? '').toLowerCase()] ?? 0);
}

function reasonOf(words: readonly string[]): string {
  return words.join(' ').slice(0, LONGEST_REASON);
}
