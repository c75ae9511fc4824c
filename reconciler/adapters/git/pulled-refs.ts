/**
 * Commits that were fetched for pull requests. Each is kept under a ref that is named after it, so what somebody
 * pushes later never changes what an earlier name means.
 */
import { type AnnouncedRef, PortError } from '../../ports.ts';
import type { GitCommands } from './git-command.ts';
import { gitError } from './git-errors.ts';
import { fullRef, objectId } from './names.ts';
import type { GitRemote } from './remote.ts';

const PULLED = 'refs/redisforge/pulled/';
/** The mirror does not grow for ever: of what nobody asks for now only the newest stay. */
const KEPT_IDLE = 500;
const LOCAL_MS = 15_000;

export class PulledRefs {
  readonly #git: GitCommands;
  readonly #remote: GitRemote;

  constructor(git: GitCommands, remote: GitRemote) {
    this.#git = git;
    this.#remote = remote;
  }

  /** As `SpecRepository.fetchRefs` says. */
  async fetch(refs: readonly AnnouncedRef[], signal: AbortSignal): Promise<void> {
    const present = await this.#pulled();
    const missing = refs.filter(({ commit }) => present.get(pulledRef(commit)) !== commit);
    if (missing.length === 0) return;
    const gone = new Set<string>();
    for (;;) {
      const left = missing.filter(({ ref }) => !gone.has(ref));
      const found = left.length === 0 ? undefined : await this.#fetchAll(left, signal);
      if (found === undefined) break;
      // Git stops at the first ref that is gone: the others are not punished for it.
      gone.add(found);
    }
    const now = await this.#pulled();
    const wanted = new Set(refs.map(({ commit }) => pulledRef(commit)));
    await this.#forget([...now.keys()].filter((ref) => !wanted.has(ref)).slice(KEPT_IDLE));
    const moved = missing.filter(
      ({ ref, commit }) => !gone.has(ref) && now.get(pulledRef(commit)) !== commit,
    );
    // What a ref points at now is not kept under the name of what it pointed at.
    await this.#forget(moved.map(({ commit }) => pulledRef(commit)).filter((ref) => now.has(ref)));
    if (gone.size + moved.length === 0) return;
    const problems = [
      ...[...gone].map((ref) => `${ref} is gone`),
      ...moved.map(({ ref, commit }) => `${ref} has moved on from ${commit}, as was announced`),
    ];
    throw new PortError(gone.size > 0 ? 'not-found' : 'conflict', `fetch: ${problems.join('; ')}`, {
      retry: 'soon',
    });
  }

  /** @returns a ref that is gone; then nothing was fetched. */
  async #fetchAll(refs: readonly AnnouncedRef[], signal: AbortSignal): Promise<string | undefined> {
    // Two branches may stand at one commit; git does not fetch two refs to one name.
    const byName = new Map(refs.map(({ ref, commit }) => [pulledRef(commit), fullRef(ref)]));
    const refspecs = [...byName].map(([name, ref]) => `+${ref}:${name}`);
    try {
      await this.#remote.fetch(
        refs.length === 1 ? (refs[0]?.ref ?? '') : `${refs.length} refs`,
        refspecs,
        signal,
      );
      return undefined;
    } catch (error) {
      const text = error instanceof PortError && error.code === 'not-found' ? error.message : '';
      const gone = /couldn't find remote ref (\S+)/i.exec(text)?.[1];
      if (gone === undefined || !refs.some(({ ref }) => ref === gone)) throw error;
      return gone;
    }
  }

  /** What was fetched for pull requests: our name for it, and the commit. Newest commit first. */
  async #pulled(): Promise<Map<string, string>> {
    const format = '--format=%(refname) %(objectname)';
    const command = ['for-each-ref', '--sort=-committerdate', format, PULLED];
    const lines = (await this.#text('list what was fetched', ...command)).split('\n');
    return new Map(lines.filter((line) => line !== '').map((line) => line.split(' ') as [string, string]));
  }

  async #forget(refs: readonly string[]): Promise<void> {
    for (const ref of refs) await this.#text(`forget ${ref}`, 'update-ref', '-d', ref);
  }

  async #text(what: string, ...command: string[]): Promise<string> {
    try {
      return await this.#git.text({ what, deadlineMs: LOCAL_MS }, ...command);
    } catch (error) {
      throw gitError(what, error);
    }
  }
}

function pulledRef(commit: string): string {
  return `${PULLED}${objectId(commit)}`;
}
