/** Maintenance windows that can open, and shares and recoveries of shards and nodes that exist. */
import { Cron } from 'croner';
import { didYouMean } from '../did-you-mean.ts';
import type { Finding } from '../finding.ts';
import type { SpecPath } from '../locate.ts';
import type { Rule } from './rule.ts';

export const maintenanceRules: Rule = function* ({ spec: { maintenance } }) {
  if (maintenance !== undefined) yield* scheduleFindings(maintenance, ['maintenance']);
};

/** A time zone that exists, and windows that open: the same in a spec and in a policy. */
export function* scheduleFindings(
  {
    timezone,
    windows,
  }: { readonly timezone: string; readonly windows: readonly { readonly cron: string }[] },
  path: SpecPath,
): Generator<Finding> {
  const badZone = !isTimezone(timezone);
  if (badZone) {
    yield {
      severity: 'error',
      code: 'unknown-timezone',
      path: [...path, 'timezone'],
      summary: `there is no time zone \`${timezone}\``,
      hint: 'use a name of the tz database, for example UTC or Europe/Berlin',
    };
  }
  for (const [index, { cron }] of windows.entries()) {
    const reason = cronProblem(cron, badZone ? 'UTC' : timezone);
    if (reason === undefined) continue;
    yield {
      severity: 'error',
      code: 'invalid-cron',
      path: [...path, 'windows', index, 'cron'],
      summary: `\`${cron}\` says no time at which the window would open: ${reason}`,
      hint: 'five fields: minute hour day month weekday, for example `0 2 * * 6` for Saturdays at 02:00',
    };
  }
}

function isTimezone(timezone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone });
    return true;
  } catch {
    return false;
  }
}

/** Why a cron expression is none, or never comes; undefined when it is fine. */
function cronProblem(cron: string, timezone: string): string | undefined {
  if (cron.trim().split(/\s+/).length !== 5) return 'it has not five fields';
  try {
    // Any fixed moment will do: an expression that never comes does not come after it either.
    const next = new Cron(cron, { timezone, paused: true }).nextRun('2026-01-01T00:00:00');
    return next === null ? 'that day never comes' : undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export const shardRules: Rule = function* (context) {
  const { spec, isWhole } = context;
  const shards = new Set(spec.nodes.map(({ shard }) => shard));
  const seen = new Set<string>();
  for (const [index, { name }] of spec.shards.entries()) {
    if (seen.has(name)) {
      yield {
        severity: 'error',
        code: 'duplicate-shard',
        path: ['shards', index, 'name'],
        summary: `shard \`${name}\` is described twice`,
        hint: 'keep one of the two',
      };
    }
    seen.add(name);
    if (!shards.has(name) && isWhole('nodes'))
      yield unknownName('shard', name, [...shards], ['shards', index, 'name']);
  }
};

export const recoveryRules: Rule = function* (context) {
  const { spec, isWhole } = context;
  if (spec.recovery === undefined) return;
  const nodes = new Map(spec.nodes.map((node) => [node.name, node]));
  const shards = new Map<string, string>();
  for (const [index, name] of spec.recovery.takeover.entries()) {
    const path = ['recovery', 'takeover', index];
    const node = nodes.get(name);
    if (node === undefined) {
      if (isWhole('nodes')) yield unknownName('node', name, [...nodes.keys()], path);
      continue;
    }
    const other = shards.get(node.shard);
    if (other !== undefined) {
      yield {
        severity: 'error',
        code: 'two-takeovers',
        path,
        summary: `\`${other}\` and \`${name}\` are of the same shard, and only one of them can take over`,
        hint: 'name the one that has more of the data',
      };
    }
    shards.set(node.shard, name);
  }
  const hosts = spec.hosts.map(({ name }) => name);
  for (const [index, name] of spec.recovery.hostsAreOff.entries()) {
    if (!hosts.includes(name) && isWhole('hosts'))
      yield unknownName('host', name, hosts, ['recovery', 'hostsAreOff', index]);
  }
};

function unknownName(what: string, name: string, known: readonly string[], path: Finding['path']): Finding {
  return {
    severity: 'error',
    code: `unknown-${what}`,
    path,
    summary: `no ${what} is called \`${name}\``,
    hint: `${didYouMean(name, known)}there are ${known.slice(0, 8).join(', ')}${known.length > 8 ? ', …' : ''}`,
  };
}
