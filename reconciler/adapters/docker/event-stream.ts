/** The engine's stream of events as a sequence of ours. */
import type { EngineEvent } from '../../ports.ts';
import type { DockerApi } from './docker-api.ts';
import { CLUSTER_LABEL, NODE_LABEL } from './inventory.ts';

const ACTIONS = ['die', 'oom', 'health_status', 'start', 'stop', 'destroy'] as const;
const BEGIN_MS = 10_000;

interface EventJson {
  readonly Action?: string;
  readonly timeNano?: number;
  readonly Actor?: { readonly Attributes?: Readonly<Record<string, string>> };
}

/** Ends when the connection does or `signal` is aborted; rejects only when it cannot begin. */
export async function* engineEvents(
  api: DockerApi,
  cluster: string,
  signal: AbortSignal,
): AsyncGenerator<EngineEvent, void, undefined> {
  const stream = await api.open({
    what: 'listen to events',
    method: 'GET',
    path: '/events',
    query: { filters: { type: ['container'], event: ACTIONS, label: [`${CLUSTER_LABEL}=${cluster}`] } },
    deadlineMs: BEGIN_MS,
    signal,
  });
  let rest = '';
  try {
    for await (const chunk of stream) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const event = engineEvent(line);
        if (event !== undefined) yield event;
      }
    }
  } catch {
    // A broken connection and an abort both end the sequence: whoever listens looks for itself after that.
  } finally {
    stream.destroy();
  }
}

/** @returns undefined for what is none of our events. */
export function engineEvent(line: string): EngineEvent | undefined {
  if (line.trim() === '') return undefined;
  const json = JSON.parse(line) as EventJson;
  const attributes = json.Actor?.Attributes ?? {};
  // The engine appends the result: `health_status: unhealthy`.
  const action = ACTIONS.find((known) => known === json.Action?.split(':')[0]);
  if (action === undefined) return undefined;
  return {
    action,
    container: attributes['name'] ?? '',
    node: attributes[NODE_LABEL] ?? '',
    at: Math.floor((json.timeNano ?? 0) / 1e6),
  };
}
