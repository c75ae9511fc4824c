/** What a smaller `maxmemory` does to data that are there already: no law forbids it, but it is said beforehand. */
import type { Problem } from '../../spec-schema/problem.ts';
import type { NodeName } from '../model/cluster-state.ts';
import type { Facts } from '../model/facts.ts';
import type { Intent } from './intent.ts';
import type { PlannedStep } from './next-steps.ts';

interface Tight {
  readonly node: NodeName;
  readonly used: number;
  readonly limit: number;
}

/** One warning for all nodes that hold more than they may after a step of the plan. */
export function memoryWarnings(
  intent: Intent,
  facts: Facts,
  waves: readonly (readonly PlannedStep[])[],
): Problem[] {
  const tight = waves.flat().flatMap(({ step }): Tight[] => {
    if (step.kind !== 'configure' && step.kind !== 'restart-node') return [];
    const limit = Number(step.config['maxmemory'] ?? 0);
    const used = facts.nodes[step.node]?.reading?.usedMemoryBytes ?? 0;
    return limit > 0 && used > limit ? [{ node: step.node, used, limit }] : [];
  });
  const [first, ...others] = tight;
  if (first === undefined) return [];
  const policy = intent.nodes[first.node]?.config['maxmemory-policy'] ?? 'noeviction';
  const more = others.length === 0 ? '' : `, and ${others.length} more nodes hold too much as well`;
  return [
    {
      severity: 'warning',
      code: 'maxmemory-below-used',
      subject: `node ${first.node}`,
      summary: `maxmemory would be ${mebibytes(first.limit)} on ${first.node}, which uses ${mebibytes(first.used)}${more}: ${
        policy === 'noeviction'
          ? 'writes are refused from then on'
          : `keys are removed until it fits (${policy})`
      }`,
      hint: `keep maxmemory above ${mebibytes(Math.max(...tight.map(({ used }) => used)))}, or add shards first`,
    },
  ];
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
