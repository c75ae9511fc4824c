/** One step of every kind, about a healthy cluster of three shards; a kind without one does not compile. */
import type { LaunchState } from '../../../reconciler/model/cluster-state.ts';
import type { Estimate } from '../../../reconciler/planner/estimate.ts';
import { Estimator } from '../../../reconciler/planner/estimate.ts';
import type { PlannedStep } from '../../../reconciler/planner/next-steps.ts';
import type { Plan } from '../../../reconciler/planner/plan.ts';
import { type Step, type StepName, stepId } from '../../../reconciler/steps/table.ts';
import { healthy } from '../situations.ts';

const LAUNCH: LaunchState = {
  image: 'redis:8.6.3',
  restart: 'always',
  memoryBytes: 0,
  cpus: 0,
  nofile: 0,
  network: 'host',
  ip: '',
  publish: '',
};

const config = { maxmemory: '100663296' };
const users = { app: 'on #0p ~app:* &* +@all' };
const move = { from: 'n1a', to: 'n2a', slots: '0-1364' };
const roles = { shard: 's1', from: 'n1a', to: 'n1b' };

export const EVERY_KIND: { readonly [K in StepName]: Extract<Step, { kind: K }> } = {
  'create-network': {
    kind: 'create-network',
    hosts: ['h1', 'h2'],
    network: 'test',
    subnet: '10.213.47.0/24',
  },
  'pull-image': { kind: 'pull-image', hosts: ['h1'], image: 'redis:8.6.4' },
  'prepare-volume': { kind: 'prepare-volume', node: 'n1a' },
  'deploy-node': { kind: 'deploy-node', node: 'n1a', host: 'h1', launch: LAUNCH, config, users },
  'start-node': { kind: 'start-node', node: 'n1a', host: 'h1', config, users },
  'restart-node': {
    kind: 'restart-node',
    node: 'n1b',
    host: 'h2',
    changes: { 'io-threads': '4' },
    config,
    users,
  },
  'update-limits': {
    kind: 'update-limits',
    node: 'n1a',
    host: 'h1',
    limits: { restart: 'always', memoryBytes: 134_217_728, cpus: 2 },
  },
  'remove-container': { kind: 'remove-container', node: 'n1b', host: 'h2', because: 'image a -> b' },
  'set-config-epoch': { kind: 'set-config-epoch', node: 'n1a' },
  'assign-slots': { kind: 'assign-slots', node: 'n1a', slots: '0-5460' },
  meet: { kind: 'meet', nodes: ['n1a', 'n2a'] },
  replicate: { kind: 'replicate', node: 'n1b', primary: 'n1a' },
  'repair-link': { kind: 'repair-link', node: 'n1b', primary: 'n1a' },
  configure: { kind: 'configure', node: 'n1a', config: { ...config, masterauth: '0r' } },
  'set-users': { kind: 'set-users', node: 'n1a', set: users, remove: ['intruder'] },
  switchover: { kind: 'switchover', ...roles },
  failover: { kind: 'failover', ...roles },
  takeover: { kind: 'takeover', ...roles },
  'migrate-slots': { kind: 'migrate-slots', ...move },
  'cancel-migration': { kind: 'cancel-migration', node: 'n2a', slots: '0-1364' },
  'remove-node': { kind: 'remove-node', node: 'n1b', host: 'h2' },
  'remove-surge': { kind: 'remove-surge', node: 'n1b', host: 'h2' },
  'fence-node': { kind: 'fence-node', node: 'n1b', host: 'h2' },
  'remove-volume': { kind: 'remove-volume', volume: 'redisforge-test-n9' },
  'forget-ghost': { kind: 'forget-ghost', id: '9'.repeat(40), address: '10.0.0.9:7000' },
  'await-start': { kind: 'await-start', node: 'n1a', config, users },
  'await-sync': { kind: 'await-sync', node: 'n1b' },
  'await-links': { kind: 'await-links', node: 'n1b' },
  'await-agreement': { kind: 'await-agreement' },
  'await-migration': { kind: 'await-migration', ...move },
  'await-save': { kind: 'await-save', node: 'n1a' },
  'await-soak': { kind: 'await-soak', nodes: ['n1a', 'n1b'] },
};

export function planned(step: Step, because = 'the spec says so'): PlannedStep {
  return { id: stepId(step), step, because };
}

/** The cluster that the steps are about. */
export const HEALTHY = healthy();

/** A plan of literal waves, estimated as if each began at a healthy cluster. */
export function planOf(waves: readonly (readonly PlannedStep[])[]): Plan {
  const { plan, live, facts } = HEALTHY;
  const estimator = new Estimator(live, facts, { soakMs: 30_000 });
  for (const wave of waves)
    estimator.add({ before: live, steps: wave.map(({ step }) => step), after: live }, []);
  const estimate: Estimate = estimator.result();
  return { ...plan, status: 'changes', waves, estimate };
}
