/** Memory: what the container may use against what Redis will use. */
import type { NodeSpec } from '../cluster-spec.ts';
import { effectiveConfig, effectiveResources, sizeInBytes } from '../effective.ts';
import type { Finding } from '../finding.ts';
import type { SpecPath } from '../locate.ts';
import type { Rule, RuleContext } from './rule.ts';

/**
 * `maxmemory` counts the data alone. A fork for a snapshot, an AOF rewrite or a full sync copies every page that is
 * written meanwhile, and output buffers and fragmentation come on top. Managed services keep a quarter of the memory
 * free for that by default (ElastiCache `reserved-memory-percent` 25, with the advice never to go lower), and half on
 * their smallest nodes; below 256 MiB the fixed part of a process, 64 MiB, is what counts.
 */
export const MAXMEMORY_SHARE = 0.75;
const FIXED_BYTES = 64 * 1024 * 1024;

/** Open files that Redis keeps for itself beside its clients (`CONFIG_MIN_RESERVED_FDS`). */
const RESERVED_FILES = 32;

export const memoryRules: Rule = function* (context) {
  const seen = new Set<string>();
  if (context.isWhole('resources')) yield* readable(context.spec.resources.memory, ['resources', 'memory']);
  for (const node of context.nodes) {
    yield* readable(node.resources?.memory, context.at(node, 'resources', 'memory'));
    if (!context.isWhole('resources') || !context.isWhole('redis')) continue;
    // A limit or a setting for all nodes is one mistake, not one for each of them.
    for (const finding of nodeFindings(context, node)) {
      const key = `${finding.code} ${finding.path.join('/')}`;
      if (!seen.has(key)) yield finding;
      seen.add(key);
    }
  }
};

/** The smallest container limit in which a data set of that size is safe. */
export function neededMemory(maxmemoryBytes: number): number {
  return Math.ceil(Math.max(maxmemoryBytes / MAXMEMORY_SHARE, maxmemoryBytes + FIXED_BYTES));
}

/** A number of bytes as people write it; inexact above a megabyte. */
export function sizeText(bytes: number): string {
  const mebibytes = bytes / (1024 * 1024);
  return mebibytes < 1 ? `${bytes} bytes` : `${Math.round(mebibytes * 10) / 10}mb`;
}

function* readable(size: string | number | undefined, path: SpecPath): Iterable<Finding> {
  if (size === undefined || sizeInBytes(size) !== undefined) return;
  yield {
    severity: 'error',
    code: 'invalid-size',
    path,
    summary: `\`${size}\` is no size`,
    hint: 'write a whole number and a unit: 256mb, 8gb',
  };
}

function* nodeFindings(context: RuleContext, node: NodeSpec): Iterable<Finding> {
  const config = effectiveConfig(context.spec, node);
  const { memoryBytes, nofile } = effectiveResources(context.spec, node);
  const maxmemory = Number(config['maxmemory'] ?? 0);
  const place = (field: 'memory' | 'nofile'): SpecPath =>
    node.resources?.[field] === undefined ? ['resources', field] : context.at(node, 'resources', field);
  if (memoryBytes > 0 && maxmemory === 0) {
    yield {
      severity: 'error',
      code: 'memory-limit-without-maxmemory',
      path: place('memory'),
      summary:
        'the container has a memory limit, but Redis has none: it would grow until the kernel kills it',
      hint: `set \`maxmemory\` in \`redis.config\`, at most ${sizeText(largestMaxmemory(memoryBytes))} for this limit`,
    };
  } else if (memoryBytes > 0 && memoryBytes < neededMemory(maxmemory)) {
    yield {
      severity: 'error',
      code: 'memory-limit-too-small',
      path: place('memory'),
      summary: `a limit of ${sizeText(memoryBytes)} leaves too little room beside ${sizeText(maxmemory)} of data: forks, buffers and fragmentation need a quarter of the memory, and at least 64mb`,
      hint: `raise the limit to ${sizeText(neededMemory(maxmemory))}, or lower \`maxmemory\` to ${sizeText(largestMaxmemory(memoryBytes))}`,
    };
  }
  const maxclients = Number(config['maxclients'] ?? 0);
  if (nofile > 0 && maxclients + RESERVED_FILES > nofile) {
    yield {
      severity: 'error',
      code: 'nofile-below-maxclients',
      path: place('nofile'),
      summary: `with ${nofile} open files Redis lowers \`maxclients\` from ${maxclients} to ${nofile - RESERVED_FILES} at start`,
      hint: `raise \`nofile\` to ${maxclients + RESERVED_FILES}, or lower \`maxclients\``,
    };
  }
}

function largestMaxmemory(limitBytes: number): number {
  return Math.max(0, Math.floor(Math.min(limitBytes * MAXMEMORY_SHARE, limitBytes - FIXED_BYTES)));
}
