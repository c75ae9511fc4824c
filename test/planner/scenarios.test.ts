/**
 * Every file in `scenarios/` tells a story: what the spec says, what is different from a converged cluster, and below
 * the line the whole plan. Run with UPDATE_GOLDEN=1 to write the plans anew, then read the difference like code.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { ClusterState } from '../../reconciler/model/cluster-state.ts';
import type { Facts } from '../../reconciler/model/facts.ts';
import { type Plan, plan } from '../../reconciler/planner/plan.ts';
import { describeStep } from '../../reconciler/steps/table.ts';
import { convergedState, emptyState, noFacts, POLICY, type SpecShape, testIntent } from '../support/specs.ts';

interface Story {
  readonly spec?: SpecShape & {
    readonly redis?: Record<string, unknown>;
    readonly policies?: Record<string, unknown>;
    readonly resources?: Record<string, unknown>;
    readonly recovery?: Record<string, unknown>;
    /** Another shape that the spec has now. */
    readonly add?: SpecShape;
    /** Members that are replaced by others on the third host. */
    readonly replace?: Record<string, string>;
    /** Members that the spec newly names as primaries, by shard. */
    readonly requested?: Record<string, string>;
    /** The spec prefers those as primaries that it preferred as replicas. */
    readonly swapped?: boolean;
  };
  /** `nothing`: nothing was ever made. `converged`: the spec without `redis` and `policies` has converged. */
  readonly from: 'nothing' | 'converged';
  /** Surge replicas that are there, and in sync with the first member of their shard. */
  readonly surging?: readonly string[];
  /** Fields of the live document that differ, by dotted path; null removes. */
  readonly live?: Record<string, unknown>;
  /** Fields of the facts, by dotted path. */
  readonly facts?: Record<string, unknown>;
}

function setPath(document: object, path: string, value: unknown): void {
  const keys = path.split('/');
  const last = keys.pop() as string;
  let target = document as Record<string, unknown>;
  for (const key of keys) {
    target[key] ??= {};
    target = target[key] as Record<string, unknown>;
  }
  if (value === null && /^(ghosts|nodes)\/[^/]+$/.test(path)) delete target[last];
  else target[last] = value;
}

function planOf(story: Story): Plan {
  const { redis, policies, resources, recovery, add, replace, requested, swapped, ...shape } =
    story.spec ?? {};
  const before = testIntent(shape);
  const after = testIntent({
    ...shape,
    ...add,
    edit: (document) => {
      Object.assign(document['redis'] as object, redis ?? {});
      if (policies !== undefined) document['policies'] = policies;
      if (resources !== undefined) document['resources'] = resources;
      if (recovery !== undefined) document['recovery'] = recovery;
      for (const node of document['nodes'] as { name: string; host: string; port: number; role: string }[]) {
        if (swapped === true) node.role = node.role === 'primary' ? 'replica' : 'primary';
        const name = replace?.[node.name];
        if (name !== undefined) Object.assign(node, { name, host: 'h3', port: node.port + 5 });
      }
    },
  });
  const intent = { ...after, requested: new Map(Object.entries(requested ?? {})) };
  const nothing = structuredClone(emptyState(intent));
  const live: ClusterState = story.from === 'nothing' ? nothing : structuredClone(convergedState(before));
  // What the spec has only now is there too, as nothing yet.
  for (const [name, node] of Object.entries(nothing.nodes)) live.nodes[name] ??= node;
  const facts: Facts = structuredClone(noFacts(intent));
  for (const name of story.surging ?? []) {
    const { launch, config, users } = intent.nodes[name] as (typeof intent.nodes)[string];
    const like = live.nodes[`${name.slice(0, -1)}b`];
    const { host, zone } = live.nodes[name] as (typeof live.nodes)[string];
    live.nodes[name] = {
      ...structuredClone(like as NonNullable<typeof like>),
      host,
      zone,
      surge: true,
      launch,
      config,
      users,
    };
  }
  for (const [path, value] of Object.entries(story.live ?? {})) setPath(live, path, value);
  for (const [path, value] of Object.entries(story.facts ?? {})) setPath(facts, path, value);
  return plan(intent, live, facts, { ...POLICY, ...intent.spec.policies });
}

function text(made: Plan): string {
  const waves = made.waves.flatMap((wave, index) => [
    `wave ${index + 1}`,
    ...wave.map(({ step, because }) => `  ${describeStep(step)}\n      because ${because}`),
  ]);
  const blocks = made.blocks.flatMap((block) => [
    `blocked (${block.code})`,
    `  ${block.summary}`,
    ...(block.evidence === undefined ? [] : [`  evidence: ${block.evidence}`]),
    `  unblock: ${block.hint}`,
  ]);
  return `${[made.status, ...waves, ...blocks].join('\n')}\n`;
}

const folder = new URL('scenarios/', import.meta.url);
const LINE = '\n--- plan ---\n';

describe('the plan of a story', () => {
  for (const file of readdirSync(folder).sort()) {
    it(file.replace(/\.txt$/, '').replaceAll('-', ' '), () => {
      const url = new URL(file, folder);
      const [story, golden] = readFileSync(url, 'utf8').split(LINE);
      const made = text(planOf(parse(story as string) as Story));
      if (process.env['UPDATE_GOLDEN'] === '1')
        writeFileSync(url, `${(story as string).trimEnd()}\n${LINE}${made}`);
      else expect(made).toBe(golden);
    });
  }
});
