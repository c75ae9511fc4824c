/** Reads a `cluster.yaml`: the accepted spec, or everything that is wrong with it, at once and each with its place. */
import { type ClusterSpec, clusterSpecSchema } from './cluster-spec.ts';
import { versionOfImage } from './effective.ts';
import { type Finding, problemOf } from './finding.ts';
import { locator, type SpecPath, treeAt } from './locate.ts';
import { hasErrors, type Problem } from './problem.ts';
import { addressRules } from './rules/addresses.ts';
import { bridgeRules } from './rules/bridge.ts';
import { configRules } from './rules/config.ts';
import { hostRules } from './rules/hosts.ts';
import { limitRules } from './rules/limits.ts';
import { maintenanceRules, recoveryRules, shardRules } from './rules/maintenance.ts';
import { majorityRules } from './rules/majority.ts';
import { memoryRules } from './rules/memory.ts';
import { nameRules } from './rules/names.ts';
import type { CheckRules, Rule, RuleContext } from './rules/rule.ts';
import { topologyRules } from './rules/topology.ts';
import { userRules } from './rules/users.ts';
import { versionRules } from './rules/version.ts';
import { type Entry, type Salvage, salvage } from './salvage.ts';
import { sourceText } from './source-text.ts';
import { plainValue } from './spec-tree.ts';
import { structureFindings } from './structure.ts';
import { yamlTree } from './yaml-tree.ts';

export interface ReadSpecOptions {
  /** How the server judges access rules; without it, only what the spec itself forbids in them is found. */
  readonly checkRules?: CheckRules;
}

export interface ReadSpecResult {
  /** Undefined when any problem is an error. */
  readonly spec: ClusterSpec | undefined;
  /** In the order of the file. */
  readonly problems: readonly Problem[];
}

const RULES: readonly Rule[] = [
  nameRules,
  hostRules,
  addressRules,
  bridgeRules,
  topologyRules,
  majorityRules,
  versionRules,
  memoryRules,
  configRules,
  limitRules,
  userRules,
  shardRules,
  maintenanceRules,
  recoveryRules,
];

/** More than anybody reads. A file of 100,000 unknown keys must not become a report of as many lines. */
const MAX_PROBLEMS = 200;

/**
 * Reads one file. Pure; never throws, whatever the bytes, and its time is bounded by their number.
 * @param file name for the positions of problems.
 */
export function readSpec(
  source: Uint8Array | string,
  file: string,
  options: ReadSpecOptions = {},
): ReadSpecResult {
  const { text, problems: encoding } = sourceText(source, file);
  if (text === undefined) return { spec: undefined, problems: encoding };
  const { tree, faulty, problems: syntax } = yamlTree(text, file);
  if (tree === undefined) return { spec: undefined, problems: inOrder([...encoding, ...syntax]) };
  const value = plainValue(tree);
  const locate = locator(text, file, tree);
  const { spec, findings } = judge(value, options);
  const found: Problem[] = [];
  for (const finding of findings) {
    const subject = treeAt(tree, finding.path);
    if (subject !== undefined && faulty.has(subject)) continue;
    found.push(problemOf(finding, locate));
    if (found.length > MAX_PROBLEMS) break;
  }
  const problems = inOrder([...encoding, ...syntax, ...found]);
  return { spec: hasErrors(problems) ? undefined : spec, problems };
}

/** The findings of the schema, then those of the rules over whatever has the right form. */
function judge(
  value: unknown,
  options: ReadSpecOptions,
): { spec: ClusterSpec | undefined; findings: Iterable<Finding> } {
  const result = clusterSpecSchema.safeParse(value);
  const remainder = result.success ? whole(result.data) : salvage(value);
  const structure = result.success ? [] : result.error.issues;
  return {
    spec: result.data,
    findings: (function* () {
      for (const issue of structure) yield* structureFindings(issue, value);
      if (remainder === undefined) return;
      const context = contextOf(remainder, options);
      for (const rule of RULES) yield* rule(context);
    })(),
  };
}

function contextOf(remainder: Salvage, options: ReadSpecOptions): RuleContext {
  const { spec, isSound, isWhole, indexOf } = remainder;
  const sections = new Map<Entry, string>();
  for (const section of ['hosts', 'nodes', 'users'] as const) {
    for (const entry of spec[section]) sections.set(entry, section);
  }
  return {
    spec,
    hosts: spec.hosts.filter(isSound),
    nodes: spec.nodes.filter(isSound),
    users: spec.users.filter(isSound),
    isWhole,
    at: (entry, ...rest): SpecPath => [sections.get(entry) ?? '', indexOf(entry) ?? 0, ...rest],
    version: spec.redis.version ?? versionOfImage(spec.redis.image),
    checkRules: options.checkRules,
  };
}

/** A spec of which nothing is missing. */
function whole(spec: ClusterSpec): Salvage {
  const indexes = new Map<Entry, number>();
  for (const list of [spec.hosts, spec.nodes, spec.users]) {
    for (const [index, entry] of list.entries()) indexes.set(entry, index);
  }
  return { spec, indexOf: (entry) => indexes.get(entry), isSound: () => true, isWhole: () => true };
}

/** By place, errors before warnings at the same one; cut off where nobody would read on. */
function inOrder(problems: readonly Problem[]): Problem[] {
  const sorted = problems.toSorted(
    (a, b) =>
      (a.where?.line ?? 0) - (b.where?.line ?? 0) ||
      (a.where?.column ?? 0) - (b.where?.column ?? 0) ||
      a.severity.localeCompare(b.severity),
  );
  return sorted.length <= MAX_PROBLEMS
    ? sorted
    : [...sorted.slice(0, MAX_PROBLEMS), tooMany(sorted[0] as Problem)];
}

function tooMany(first: Problem): Problem {
  return {
    severity: 'error',
    code: 'too-many-problems',
    subject: first.where?.file ?? first.subject,
    summary: `there are more than ${MAX_PROBLEMS} problems; the rest is not shown`,
    hint: 'correct these first; check that this is the right file',
  };
}
