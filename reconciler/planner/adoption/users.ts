/** Users of a live cluster: whoever is known to the servers, with references where the servers know passwords. */
import { OPERATOR_USER, REPLICATION_USER } from '../../../spec-schema/cluster-spec.ts';
import type { AclUserReading } from '../../model/readings.ts';
import { canonicalRules } from '../../wire/acl.ts';
import { mostCommon } from './config.ts';
import type { SurveyedMember } from './survey.ts';

export interface AdoptedUser {
  readonly name: string;
  readonly rules: string;
  readonly enabled: boolean;
  /** Name of the file that its password is to be put into; undefined for one who cannot log in. */
  readonly passwordFile: string | undefined;
  readonly remarks: readonly string[];
}

export interface AdoptedUsers {
  readonly users: readonly AdoptedUser[];
  readonly remarks: readonly string[];
  /** RedisForge has been here before: its own users have passwords already. */
  readonly isKnown: boolean;
}

const OURS: ReadonlySet<string> = new Set(['default', OPERATOR_USER, REPLICATION_USER]);

export function adoptedUsers(members: readonly SurveyedMember[], version: string): AdoptedUsers {
  const lists = members.flatMap(({ reading }) => (reading === undefined ? [] : [reading.users]));
  const names = [...new Set(lists.flatMap((users) => users.map(({ name }) => name)))].sort();
  const found = (name: string): AclUserReading[] =>
    lists.flatMap((users) => users.find((user) => user.name === name) ?? []);
  return {
    users: names
      .filter((name) => !OURS.has(name))
      .map((name) => adoptedUser(name, found(name), lists.length, version)),
    remarks: defaultUser(found('default')),
    isKnown: found(OPERATOR_USER).length > 0,
  };
}

function adoptedUser(
  name: string,
  readings: readonly AclUserReading[],
  nodes: number,
  version: string,
): AdoptedUser {
  const texts = readings.map((user) => JSON.stringify([user.enabled, user.rules, user.passwordHashes]));
  const user = readings[texts.indexOf(mostCommon(texts) ?? '')] as AclUserReading;
  const differs = new Set(texts).size > 1 || readings.length < nodes;
  const accepted = canonicalRules(user.rules, version);
  const canLogIn = user.nopass || user.passwordHashes.length > 0;
  return {
    name,
    rules: user.rules,
    enabled: user.enabled,
    passwordFile: canLogIn ? `${fileName(name)}-password` : undefined,
    remarks: [
      ...(differs ? ['this user is not the same on all nodes; this is how most have it'] : []),
      ...(accepted.ok ? [] : [`the rule ${accepted.token} ${accepted.reason}`]),
      ...(user.nopass ? ['anybody may log in as this user today, and will need the password'] : []),
      ...(user.passwordHashes.length > 1
        ? [`it has ${user.passwordHashes.length} passwords today, and keeps the one in the file`]
        : user.passwordHashes.length === 1
          ? ['put the password that it has today into the file: the servers know its hash alone']
          : []),
    ],
  };
}

/** Users may be called what no file can be. */
function fileName(name: string): string {
  return name.replace(/[^\w.-]/g, '_').replace(/\.\.+/g, '_');
}

function defaultUser(readings: readonly AclUserReading[]): string[] {
  if (!readings.some(({ enabled }) => enabled)) return [];
  const how = readings.some(({ nopass }) => nopass) ? 'without a password' : 'with a password';
  return [
    `whoever connects ${how} and no name is the default user today, and RedisForge keeps that switched off: give every application a user of its own here, and let it log in as that before the cluster is taken over`,
  ];
}
