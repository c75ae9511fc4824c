/** What steps need to make nodes from: container plans, files, users, with the secrets in them. */

import { createHash } from 'node:crypto';
import { busPort, networkName, nodeAddress, volumeName } from '../../spec-schema/effective.ts';
import { desiredUsers } from '../planner/access.ts';
import { canonicalJson } from '../planner/canonical-json.ts';
import type { Intent } from '../planner/intent.ts';
import type { AclUserToSet, ContainerPlan, FileToPut, Secret } from '../ports.ts';
import { redisConf } from '../render/redis-conf.ts';
import type { NodeMaterial } from '../steps/step.ts';
import { aclFileLine } from '../wire/acl.ts';
import { type Credentials, sha256 } from './credentials.ts';
import {
  ADDRESS_LABEL,
  addressLabel,
  CLUSTER_LABEL,
  HOST_LABEL,
  NODE_LABEL,
  SHARD_LABEL,
  SPEC_LABEL,
} from './interpret/labels.ts';

export function nodeMaterial(intent: Intent, credentials: Credentials): NodeMaterial {
  const cluster = intent.spec.metadata.name;
  const specNode = (name: string) => {
    const node = intent.spec.nodes.find((candidate) => candidate.name === name);
    if (node === undefined) throw new RangeError(`no node ${name} in the spec`);
    return node;
  };
  const users = new Map(
    desiredUsers(intent.spec).map((user): [string, AclUserToSet] => {
      const password = credentials.passwords.get(user.name);
      return [
        user.name,
        { ...user, passwordHashes: password === undefined ? [] : [sha256(password.reveal())] },
      ];
    }),
  );
  const reveal = (config: Readonly<Record<string, string>>): Record<string, string> =>
    'masterauth' in config ? { ...config, masterauth: credentials.replication.reveal() } : { ...config };
  const files = (config: Readonly<Record<string, string>>): FileToPut[] => [
    { path: 'redis.conf', content: redisConf(reveal(config)), mode: 0o600 },
    {
      path: 'users.acl',
      content: `${[...users.values()].map((user) => aclFileLine({ ...user, nopass: false })).join('\n')}\n`,
      mode: 0o600,
    },
  ];
  const labels = (name: string | undefined): Record<string, string> => {
    if (name === undefined) return { [CLUSTER_LABEL]: cluster };
    const launch = intent.nodes[name]?.launch;
    const digest = createHash('sha256')
      .update(canonicalJson(launch ?? {}))
      .digest('hex')
      .slice(0, 16);
    const node = specNode(name);
    return {
      [CLUSTER_LABEL]: cluster,
      [NODE_LABEL]: name,
      [HOST_LABEL]: node.host,
      [SHARD_LABEL]: node.shard,
      [ADDRESS_LABEL]: addressLabel(nodeAddress(intent.spec, node), node.port, busPort(node)),
      [SPEC_LABEL]: digest,
    };
  };
  return {
    files: (_node, config) => files(config),
    configValues(config): Readonly<Record<string, string | Secret>> {
      return 'masterauth' in config ? { ...config, masterauth: credentials.replication } : config;
    },
    containerPlan(name, config): ContainerPlan {
      const launch = intent.nodes[name]?.launch;
      if (launch === undefined) throw new RangeError(`no node ${name} in the spec`);
      return {
        ...launch,
        name,
        labels: labels(name),
        volume: volumeName(intent.spec, specNode(name)),
        port: specNode(name).port,
        files: files(config),
      };
    },
    user(name): AclUserToSet {
      const user = users.get(name);
      if (user === undefined) throw new RangeError(`no user ${name} in the spec`);
      return user;
    },
    labels,
    volume: (name) => volumeName(intent.spec, specNode(name)),
    network: () => ({
      name: networkName(intent.spec),
      subnet: intent.spec.network.mode === 'bridge' ? intent.spec.network.subnet : undefined,
    }),
  };
}
