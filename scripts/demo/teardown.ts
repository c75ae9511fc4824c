/** Removes what the demo made, found by the labels that everything of ours carries, and nothing else. */
import { CLUSTER_LABEL } from '../../reconciler/engine/interpret/labels.ts';
import { callEngine, EngineError } from '../engine-api.js';

interface Listed {
  readonly Id?: string;
  readonly Name?: string;
  readonly Names?: readonly string[];
}

/** @returns what was removed, in words. */
export async function removeClusterFromEngine(dockerHost: string, cluster: string): Promise<string[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`${CLUSTER_LABEL}=${cluster}`] }));
  const list = async (path: string): Promise<Listed[]> => {
    const answer = JSON.parse(await callEngine(dockerHost, path)) as Listed[] | { Volumes: Listed[] | null };
    return Array.isArray(answer) ? answer : (answer.Volumes ?? []);
  };
  const removed: string[] = [];
  // In this order: volumes and networks cannot go while a container uses them.
  const containers = await list(`/containers/json?all=true&filters=${filters}`);
  await Promise.all(
    containers.map(async ({ Id, Names }) => {
      await remove(dockerHost, `/containers/${Id}?force=true`);
      removed.push(`container ${Names?.[0]?.replace(/^\//, '') ?? Id}`);
    }),
  );
  for (const { Name } of await list(`/volumes?filters=${filters}`)) {
    await remove(dockerHost, `/volumes/${Name}`);
    removed.push(`volume ${Name}`);
  }
  for (const { Id, Name } of await list(`/networks?filters=${filters}`)) {
    await remove(dockerHost, `/networks/${Id}`);
    removed.push(`network ${Name}`);
  }
  return removed.sort();
}

/** Stopping a container may take a while; one that is gone already is as good as removed. */
async function remove(dockerHost: string, path: string): Promise<void> {
  try {
    await callEngine(dockerHost, path, { method: 'DELETE', silentMs: 60_000 });
  } catch (error) {
    if (!(error instanceof EngineError) || error.status !== 404) throw error;
  }
}
