/** One random story: a fleet, edits of its spec, faults that strike meanwhile, and RedisForge that has to cope. */
import fc from 'fast-check';
import { type Cluster, openCluster } from '../../../reconciler/engine/cluster.ts';
import { converge, type FailedStep, locksOf, type Outcome } from '../../../reconciler/engine/converge.ts';
import type { Lock } from '../../../reconciler/steps/step.ts';
import type { ClusterSpec } from '../../../spec-schema/cluster-spec.ts';
import { CALL_MISHAPS, SimulatedCrash } from './calls.ts';
import type { Fault, PlannedFault } from './faults.ts';
import { SimulatedFleet } from './fleet.ts';
import {
  applyEdit,
  documentOf,
  type SpecDocument,
  type SpecEdit,
  settingEdits,
  specFrom,
  specShapes,
} from './random-spec.ts';

/** Numbers that pick a node, a host or a moment out of what there is. */
const pick = fc.nat({ max: 9_999 });

interface Strike {
  readonly kind: string;
  readonly a: number;
  readonly b: number;
  readonly inMs: number;
}

export interface Chapter {
  readonly edit: SpecEdit | null;
  readonly strikes: readonly Strike[];
}

export interface Story {
  readonly seed: number;
  readonly shape: Parameters<typeof documentOf>[0];
  readonly chapters: readonly Chapter[];
}

/** Faults that nothing is lost by, and those after which a person may have to decide. */
const HARMLESS = [
  'call',
  'call',
  'call',
  'container-kill',
  'container-stop',
  'container-remove',
  'container-restart',
  'config-set',
  'acl-set',
  'failover',
  'partition',
  'engine-stop',
  'reset-replica',
  'detach',
];
const GRAVE = ['host-down', 'volume-lose', 'engine-crash', 'foreign-member', 'foreign-keys', 'cluster-reset'];

export function stories(options: {
  readonly grave: boolean;
  readonly edits?: fc.Arbitrary<SpecEdit>;
  /** Whether shards have surge replicas. */
  readonly surge?: boolean;
}): fc.Arbitrary<Story> {
  const kinds = options.grave ? [...HARMLESS, ...GRAVE] : HARMLESS;
  const strike = fc.record({
    kind: fc.constantFrom(...kinds),
    a: pick,
    b: pick,
    inMs: fc.nat({ max: 20_000 }),
  });
  return fc.record({
    seed: fc.nat({ max: 0x7fffffff }),
    shape: options.surge === true ? specShapes.map((shape) => ({ ...shape, surge: true })) : specShapes,
    chapters: fc.array(
      fc.record({
        edit: fc.option(options.edits ?? settingEdits, { freq: 1 }),
        strikes: fc.array(strike, { maxLength: 4 }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  });
}

/** A strike on the nodes and hosts that the story has; undefined when it has none of that kind. */
function faultOf(strike: Strike, spec: ClusterSpec, fleet: SimulatedFleet): Fault | undefined {
  const names = spec.nodes.map(({ name }) => name);
  const hosts = spec.hosts.map(({ name }) => name);
  const node = names[strike.a % names.length] as string;
  const host = hosts[strike.a % hosts.length] as string;
  const replicas = names.filter((name) => fleet.server(name)?.conf.role === 'replica');
  const replica = replicas[strike.a % Math.max(1, replicas.length)];
  const primaries = names.filter((name) => fleet.server(name)?.conf.role === 'primary');
  const persistent = spec.redis.config['appendonly'] === 'yes';
  switch (strike.kind) {
    case 'call':
      return {
        kind: 'call',
        mishap: CALL_MISHAPS[strike.a % CALL_MISHAPS.length] as (typeof CALL_MISHAPS)[number],
        skip: strike.b % 40,
      };
    case 'config-set':
      return { kind: 'config-set', node, directive: 'maxmemory-policy', value: 'volatile-ttl' };
    case 'acl-set':
      return { kind: 'acl-set', node, user: 'intruder', rules: 'on nopass ~* +@all' };
    case 'failover':
      return replica === undefined ? undefined : { kind: 'failover', node: replica };
    // Without persistence a replica that is emptied while its primary dies takes the last copy along.
    case 'reset-replica':
      return replica === undefined || !persistent
        ? undefined
        : { kind: 'cluster-reset', node: replica, mode: strike.b % 2 === 0 ? 'soft' : 'hard' };
    case 'cluster-reset':
      return { kind: 'cluster-reset', node, mode: strike.b % 2 === 0 ? 'soft' : 'hard' };
    case 'detach':
      return replica === undefined || !persistent
        ? undefined
        : {
            kind: 'replicate',
            node: replica,
            primary: primaries[strike.b % Math.max(1, primaries.length)] ?? node,
          };
    case 'partition':
      return {
        kind: 'partition',
        between: host,
        and: strike.b % 3 === 0 ? 'redisforge' : (hosts[strike.b % hosts.length] as string),
      };
    case 'container-restart':
      // Restarted by hand, a primary without persistence is empty before anybody can look: nobody could save its keys.
      return primaries.includes(node) && !persistent ? undefined : { kind: 'container-restart', node };
    case 'foreign-keys':
      return { kind: 'foreign-keys', node, keys: 10 };
    case 'host-down':
      return { kind: 'host-down', host, answer: strike.b % 2 === 0 ? 'silence' : 'refusal' };
    case 'engine-crash':
      // It takes every container along a moment later: without persistence that is all that they held.
      return !persistent ? undefined : { kind: 'engine-crash', host };
    case 'engine-stop':
      return { kind: 'engine-stop', host };
    default:
      return { kind: strike.kind, node } as Fault;
  }
}

export interface Told {
  readonly fleet: SimulatedFleet;
  /** How the last pass ended, after everything had been healed. */
  readonly outcome: Outcome;
  readonly spec: ClusterSpec;
}

/** Passes that RedisForge gets to come to an end once the world is quiet again. */
const QUIET_PASSES = 60;

/** @throws Error with the history of the fleet when something may never happen. */
export async function tell(story: Story): Promise<Told> {
  let document: SpecDocument = documentOf(story.shape);
  const fleet = new SimulatedFleet({ seed: story.seed, hosts: specFrom(document).hosts });
  for (const file of ['operator', 'replication', 'id_ed25519', 'app1', 'app2', 'app3'])
    fleet.setSecret({ file }, `secret of ${file}`);
  try {
    let spec = specFrom(document);
    const first = await untilQuiet(fleet, spec);
    if (first.status !== 'converged') throw new Error(`a new cluster does not converge: ${reason(first)}`);
    let last: Outcome = first;
    for (const chapter of story.chapters) {
      if (chapter.edit !== null) document = applyEdit(document, chapter.edit);
      spec = specFrom(document);
      const planned = chapter.strikes.map((strike): PlannedFault | undefined => {
        const fault = faultOf(strike, spec, fleet);
        return fault === undefined ? undefined : { inMs: strike.inMs, fault };
      });
      fleet.schedule(planned.filter((fault) => fault !== undefined));
      // RedisForge works while the faults strike, and gives up on nothing.
      for (let pass = 0; pass < 8; pass += 1) await onePass(fleet, spec, new Map());
      await fleet.idle(21_000);
      fleet.healAll();
      last = await untilQuiet(fleet, spec);
    }
    return { fleet, outcome: last, spec };
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${fleet.describe()}`, {
      cause: error,
    });
  }
}

export function reason(outcome: Outcome): string {
  const blocks = 'blocks' in outcome ? outcome.blocks.map(({ code, summary }) => `${code}: ${summary}`) : [];
  const failures =
    'failures' in outcome ? outcome.failures.map(({ step, reason: why }) => `${step.id}: ${why}`) : [];
  return `${outcome.status} ${[...blocks, ...failures].join('; ')}`;
}

/** Converges again and again, as the reconciler does, until a pass converges or is blocked twice in the same way. */
async function untilQuiet(fleet: SimulatedFleet, spec: ClusterSpec): Promise<Outcome> {
  const resting = new Map<string, { until: number; locks: readonly Lock[] }>();
  let before = '';
  for (let pass = 0; pass < QUIET_PASSES; pass += 1) {
    const outcome = await onePass(fleet, spec, resting);
    if (outcome?.status === 'converged') return outcome;
    const now = outcome === undefined ? '' : reason(outcome);
    if (outcome?.status === 'blocked' && resting.size === 0 && now === before) return outcome;
    before = now;
    for (const [id, rest] of resting) if (rest.until < fleet.ports.clock.now()) resting.delete(id);
    await fleet.idle(10_000);
  }
  throw new Error(`neither converged nor blocked after ${QUIET_PASSES} passes: ${before}`);
}

/** One pass of RedisForge; undefined when it was killed in the middle. */
async function onePass(
  fleet: SimulatedFleet,
  spec: ClusterSpec,
  resting: Map<string, { until: number; locks: readonly Lock[] }>,
): Promise<Outcome | undefined> {
  try {
    return await fleet.run(async () => {
      const { ports } = fleet;
      const { cluster, problems } = await openCluster(spec, ports);
      if (cluster === undefined) throw new Error(problems.map(({ summary }) => summary).join('; '));
      const outcome = await converge(cluster, {
        signal: new AbortController().signal,
        report: () => {},
        resting: (now) =>
          new Set([...resting.values()].filter(({ until }) => until > now).flatMap(({ locks }) => locks)),
      });
      if (outcome.status === 'failed')
        for (const failure of outcome.failures) rest(failure, outcome, cluster, resting);
      return outcome;
    });
  } catch (error) {
    if (error instanceof SimulatedCrash) return undefined;
    throw error;
  }
}

/** One more pass of RedisForge over a fleet that is left alone. */
export function passAgain(fleet: SimulatedFleet, spec: ClusterSpec): Promise<Outcome | undefined> {
  return onePass(fleet, spec, new Map());
}

function rest(
  failure: FailedStep,
  outcome: Extract<Outcome, { status: 'failed' }>,
  cluster: Cluster,
  resting: Map<string, { until: number; locks: readonly Lock[] }>,
): void {
  resting.set(failure.step.id, {
    until: cluster.ports.clock.now() + 5_000,
    locks: locksOf(failure, outcome.observation),
  });
}
