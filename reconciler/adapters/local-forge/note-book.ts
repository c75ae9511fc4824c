/**
 * What is said of a commit, kept as Git notes in the repository itself: one note for people, and beside it the same as
 * a document, by which everything is found again whoever looks.
 */
import type { PortError, PortErrorCode } from '../../ports.ts';
import type { GitCommands } from '../git/git-command.ts';
import { GitExit, gitError } from '../git/git-errors.ts';
import { objectId } from '../git/names.ts';
import type { GitRemote } from '../git/remote.ts';
import { noteText } from './note-text.ts';
import { EMPTY_PAGE, type Page } from './page.ts';

/** For people: `git notes --ref=redisforge show <branch>`. */
export const NOTES = 'refs/notes/redisforge';
const DATA = 'refs/notes/redisforge-data';
const BOTH = [NOTES, DATA];
const LOCAL_MS = 15_000;
/** What a repository that takes no notes says. Everything else may be better the next time. */
const CLOSED: ReadonlySet<PortErrorCode> = new Set(['auth', 'denied', 'refused']);
/** Pages that are kept in memory. */
const CACHED = 200;

export class NoteBook {
  readonly #git: GitCommands;
  readonly #remote: GitRemote;
  readonly #pages = new Map<string, Page>();
  /** Whether the repository may lack what we have. */
  #unsaid = true;
  /** Why the repository takes no notes: they stay in the mirror then. */
  #closed: PortError | undefined;
  #isOpened = false;

  constructor(git: GitCommands, remote: GitRemote) {
    this.#git = git;
    this.#remote = remote;
  }

  /** Finds what was written before the mirror was made. */
  async open(signal: AbortSignal): Promise<void> {
    if (this.#isOpened) return;
    if (await this.#isAbsent(DATA))
      await this.#remote.fetch(
        'notes',
        BOTH.map((ref) => `+${ref}*:${ref}*`),
        signal,
      );
    this.#isOpened = true;
  }

  async page(commit: string): Promise<Page> {
    const cached = this.#pages.get(commit);
    if (cached !== undefined) return cached;
    const page = await this.#stored(commit);
    this.#remember(commit, page);
    return page;
  }

  /** Writes a page, and has the repository know it. What did not reach the repository last time goes with it. */
  async write(commit: string, page: Page, signal: AbortSignal): Promise<void> {
    if (page !== this.#pages.get(commit)) {
      this.#unsaid = true;
      await this.#note(NOTES, commit, noteText(page));
      // The document last: while it is missing, nothing counts as written.
      await this.#note(DATA, commit, JSON.stringify(page));
      this.#remember(commit, page);
    }
    if (this.#unsaid) await this.#publish(signal);
  }

  /** Why notes do not reach the repository, undefined when they do. Asked anew each time. */
  async obstacle(signal: AbortSignal): Promise<PortError | undefined> {
    if (!(await this.#isAbsent(DATA))) await this.#publish(signal);
    return this.#closed;
  }

  async #publish(signal: AbortSignal): Promise<void> {
    try {
      await this.#remote.push(
        'notes',
        BOTH.map((ref) => `+${ref}:${ref}`),
        signal,
      );
      this.#unsaid = false;
      this.#closed = undefined;
    } catch (error) {
      const failure = gitError('write notes', error);
      if (!CLOSED.has(failure.code)) throw failure;
      this.#closed = failure;
    }
  }

  async #isAbsent(ref: string): Promise<boolean> {
    return (await this.#text('look for notes', {}, 'for-each-ref', '--format=%(refname)', ref)) === '';
  }

  async #stored(commit: string): Promise<Page> {
    try {
      const call = { what: `read the note of ${commit}`, deadlineMs: LOCAL_MS };
      return JSON.parse(
        await this.#git.text(call, 'notes', `--ref=${DATA}`, 'show', objectId(commit)),
      ) as Page;
    } catch (error) {
      // 1: there is none. What we did not write is no page either.
      if ((error instanceof GitExit && error.exitCode === 1) || error instanceof SyntaxError)
        return EMPTY_PAGE;
      throw gitError(`read the note of ${commit}`, error);
    }
  }

  async #note(ref: string, commit: string, input: string): Promise<void> {
    const command = ['notes', `--ref=${ref}`, 'add', '--force', '--file=-', objectId(commit)];
    await this.#text(`write a note of ${commit}`, { input }, ...command);
  }

  async #text(what: string, more: { readonly input?: string }, ...command: string[]): Promise<string> {
    try {
      return await this.#git.text({ what, deadlineMs: LOCAL_MS, ...more }, ...command);
    } catch (error) {
      throw gitError(what, error);
    }
  }

  #remember(commit: string, page: Page): void {
    this.#pages.delete(commit);
    this.#pages.set(commit, page);
    const [oldest] = this.#pages.keys();
    if (this.#pages.size > CACHED && oldest !== undefined) this.#pages.delete(oldest);
  }
}
