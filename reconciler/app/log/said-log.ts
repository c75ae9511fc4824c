/** What the embedded forge was told to say, as log lines: the whole of it stands in the Git notes. */
import type { Logger } from 'pino';
import type { Said } from '../../adapters/local-forge/local-forge.ts';
import { plainMarkdown } from '../../render/plain-markdown.ts';

export function logSaid(log: Logger, said: Said): void {
  if (said.kind === 'status') {
    const { commit, context, state, description } = said.status;
    log.debug({ commit, context, state }, description);
  } else if (said.kind === 'issue') {
    const { key, title, state } = said.issue;
    if (state === 'open') log.warn({ issue: key }, title);
    else log.info({ issue: key }, `closed: ${title}`);
  } else {
    const { kind, pullRequest, body } = said;
    log.info({ branch: pullRequest, kind }, plainMarkdown(body).split('\n', 1)[0] ?? '');
  }
}
