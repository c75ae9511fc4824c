/** Changes directives of a running server. */
import type { NodeName } from '../model/cluster-state.ts';
import { pointer, type StepKind } from './step.ts';

export interface Configure {
  readonly kind: 'configure';
  readonly node: NodeName;
  /** Directives and their values as CONFIG GET will print them; secrets as keyed digests. */
  readonly config: Readonly<Record<string, string>>;
}

function pairs(config: Readonly<Record<string, string>>): string[] {
  return Object.entries(config).map(([directive, value]) => `${directive} ${value === '' ? '""' : value}`);
}

export const configure: StepKind<Configure> = {
  id: (step) =>
    `configure:${step.node}:${Object.entries(step.config)
      .map(([key, value]) => `${key}=${value}`)
      .join(',')}`,
  describe: (step) => `set ${pairs(step.config).join(', ')} on ${step.node}`,
  risk: 'safe',
  locks: (step) => [`node:${step.node}`],
  disturbs: () => [],
  effect: (step) =>
    Object.entries(step.config).map(([directive, value]) => ({
      op: 'add',
      path: pointer('nodes', step.node, 'config', directive),
      value,
    })),
  deadlineMs: 10_000,
  sends: (step) => [`CONFIG SET ${pairs(step.config).join(' ')}`, 'CONFIG REWRITE'],
  async execute(step, context) {
    await context.redis(step.node).configure(context.material.configValues(step.config));
  },
};
