/** Pulls an image: the engine answers "200 OK" first and tells of failures within the stream that follows. */
import { PortError } from '../../ports.ts';
import type { DockerApi } from './docker-api.ts';
import { codeOfText, dockerError } from './docker-errors.ts';

const BEGIN_MS = 60_000;

export async function pullImage(api: DockerApi, reference: string, signal: AbortSignal): Promise<void> {
  const what = `pull ${reference}`;
  const name = hasTag(reference) ? { fromImage: reference } : { fromImage: reference, tag: 'latest' };
  const stream = await api.open({
    what,
    method: 'POST',
    path: '/images/create',
    query: name,
    deadlineMs: BEGIN_MS,
    signal,
  });
  let progress = '';
  try {
    for await (const chunk of stream) progress += String(chunk);
  } catch (cause) {
    if (signal.aborted) throw new PortError('aborted', `${api.name}: ${what}: given up`, { cause });
    throw dockerError(api.name, what, cause);
  }
  const failure = progress
    .split('\n')
    .map(failureOf)
    .find((text) => text !== undefined);
  if (failure === undefined) return;
  const code = codeOfText(failure) ?? 'refused';
  throw new PortError(code, `${api.name}: ${what}: ${failure}`, {
    retry: code === 'denied' ? 'never' : 'later',
  });
}

/** Without tag or digest the engine would pull every tag of the repository. */
function hasTag(reference: string): boolean {
  const last = reference.slice(reference.lastIndexOf('/') + 1);
  return last.includes(':') || last.includes('@');
}

function failureOf(line: string): string | undefined {
  if (!line.includes('"error"')) return undefined;
  try {
    const { error } = JSON.parse(line) as { error?: unknown };
    return error === undefined ? undefined : String(error);
  } catch {
    return line.trim();
  }
}
