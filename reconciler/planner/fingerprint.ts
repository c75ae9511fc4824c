/** A short text that is equal for equal documents; parts that two documents share are only looked at once. */
import { createHash } from 'node:crypto';
import { ofEachNode } from '../model/census.ts';
import type { ClusterState } from '../model/cluster-state.ts';
import { oncePer } from '../model/once.ts';

function digest(text: string): string {
  return createHash('sha1').update(text).digest('base64');
}

const ofNodes = ofEachNode((node) => digest(JSON.stringify(node)));
const ofHosts = oncePer((hosts: ClusterState['hosts']) => digest(JSON.stringify(hosts)));

/** Documents are never changed in place, so that a part that was seen before has the fingerprint that it had. */
export function fingerprint({ nodes, hosts, ...rest }: ClusterState): string {
  const parts = ofNodes({ nodes }).map(([name, part]) => `${name}=${part}`);
  return digest([JSON.stringify(rest), ofHosts(hosts), ...parts].join());
}
