/** What clients of the cluster notice of each kind of step. */
import type { Step, StepName } from '../../steps/table.ts';

/** Nothing is closed, refused or redirected. */
const NONE = 'none';

/** Commands on the old connections fail once; every client library that follows a cluster connects anew by itself. */
const RECONNECT = 'connections to it close: clients reconnect';

/**
 * By kind. Where numbers stand they were measured on Redis 8.6: a switchover pauses writes for 14 to 41 ms and costs a
 * client one redirection, an atomic migration pauses them for 3 to 44 ms and never answers ASK.
 */
const EFFECTS: { readonly [K in StepName]: string } = {
  'create-network': NONE,
  'pull-image': NONE,
  'prepare-volume': NONE,
  'deploy-node': NONE,
  'start-node': NONE,
  'restart-node': RECONNECT,
  'update-limits': NONE,
  'remove-container': RECONNECT,
  'set-config-epoch': NONE,
  'assign-slots': NONE,
  meet: NONE,
  replicate: NONE,
  'repair-link': NONE,
  configure: NONE,
  'set-users': 'its users have their new rights at once',
  switchover: 'MOVED once; writes pause some 40 ms',
  failover: 'MOVED; its slots are served again, the last writes may be missing',
  takeover: 'MOVED; its slots are served again, the last writes may be missing',
  'migrate-slots': 'MOVED, no ASK; writes pause some 40 ms',
  'cancel-migration': NONE,
  'remove-node': RECONNECT,
  'remove-surge': RECONNECT,
  // The cluster has gone on without it: nobody is sent there any more.
  'fence-node': NONE,
  'remove-volume': NONE,
  'forget-ghost': NONE,
  'await-start': NONE,
  'await-sync': NONE,
  'await-links': NONE,
  'await-agreement': NONE,
  'await-migration': 'MOVED, no ASK; writes pause some 40 ms',
  'await-save': NONE,
  'await-soak': NONE,
};

export function clientEffect(step: Step): string {
  // A user that is taken away is thrown out; one that is only changed stays connected.
  if (step.kind === 'set-users' && step.remove.length > 0)
    return 'connections of removed users close: they cannot log in again';
  return EFFECTS[step.kind];
}
