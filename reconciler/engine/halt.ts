/** Keys were missing after slots had moved: everything stops until a person has looked, also over a restart. */
import { createHash } from 'node:crypto';
import type { Facts, Halt } from '../model/facts.ts';
import { canonicalJson } from '../planner/canonical-json.ts';
import { haltInWords } from '../planner/holds.ts';
import type { PlannedStep } from '../planner/next-steps.ts';
import type { Cluster } from './cluster.ts';

interface Stored extends Halt {
  /** Digest of the spec that was in force: any change of it is a person's word that they have looked. */
  readonly spec: string;
}

function keyOf({ intent }: Cluster): string {
  return `clusters/${intent.spec.metadata.name}/halt.json`;
}

function digestOf({ intent }: Cluster): string {
  return createHash('sha256').update(canonicalJson(intent.spec)).digest('hex');
}

/** Remembers why everything stops. */
export async function halt(cluster: Cluster, { id }: PlannedStep, reason: string): Promise<void> {
  const { store, clock } = cluster.ports;
  const stored: Stored = { step: id, reason, at: clock.now(), spec: digestOf(cluster) };
  await store.write(keyOf(cluster), JSON.stringify(stored));
}

/** The facts with why everything stops, as long as the spec is the one under which that happened. */
export async function withHalt(cluster: Cluster, facts: Facts): Promise<Facts> {
  const text = await cluster.ports.store.read(keyOf(cluster));
  const stored = text === undefined ? undefined : parsed(text);
  if (stored === undefined || stored.spec !== digestOf(cluster)) return facts;
  const { step, reason, at } = stored;
  const { summary, hint } = haltInWords(stored);
  const warning = { severity: 'warning', code: 'keys-missing', subject: 'cluster', summary, hint } as const;
  return { ...facts, halt: { step, reason, at }, warnings: [...facts.warnings, warning] };
}

function parsed(text: string): Stored | undefined {
  try {
    return JSON.parse(text) as Stored;
  } catch {
    return undefined;
  }
}
