/** Makes the access-control users of a node those of the spec. */
import type { Operation } from 'fast-json-patch';
import type { NodeName } from '../model/cluster-state.ts';
import { pointer, type StepKind } from './step.ts';

export interface SetUsers {
  readonly kind: 'set-users';
  readonly node: NodeName;
  /** Users to set, as the document has them: canonical rules and keyed password digests. */
  readonly set: Readonly<Record<string, string>>;
  /** Names of users that the spec does not have. */
  readonly remove: readonly string[];
}

export const setUsers: StepKind<SetUsers> = {
  id: (step) =>
    `set-users:${step.node}:${[...Object.keys(step.set), ...step.remove.map((name) => `-${name}`)].join(',')}`,
  describe: (step) => {
    const set = Object.keys(step.set);
    const parts = [
      set.length > 0 ? `set user ${set.join(', ')}` : '',
      step.remove.length > 0 ? `remove user ${step.remove.join(', ')}` : '',
    ];
    return `${parts.filter((part) => part !== '').join(' and ')} on ${step.node}`;
  },
  risk: 'safe',
  locks: (step) => [`node:${step.node}`],
  disturbs: () => [],
  effect: (step) => [
    ...Object.entries(step.set).map(
      ([name, text]): Operation => ({
        op: 'add',
        path: pointer('nodes', step.node, 'users', name),
        value: text,
      }),
    ),
    ...step.remove.map(
      (name): Operation => ({ op: 'remove', path: pointer('nodes', step.node, 'users', name) }),
    ),
  ],
  deadlineMs: 10_000,
  sends: (step) => [
    ...Object.keys(step.set).map((name) => `ACL SETUSER ${name} reset …`),
    ...step.remove.map((name) => `ACL DELUSER ${name}`),
    'ACL SAVE',
  ],
  async execute(step, context) {
    const users = Object.keys(step.set).map((name) => context.material.user(name));
    await context.redis(step.node).setUsers(users, step.remove);
  },
};
