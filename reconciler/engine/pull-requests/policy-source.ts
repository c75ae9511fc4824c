/** The policy of the followed branch, and only of it: a pull request cannot change what it is judged by. */
import { type ApprovalPolicy, DEFAULT_POLICY, POLICY_PATH } from '../../../spec-schema/policy/policy.ts';
import { readPolicy } from '../../../spec-schema/policy/read-policy.ts';
import type { Problem } from '../../../spec-schema/problem.ts';
import { PortError, type SpecRepository, type StateStore } from '../../ports.ts';
import { readDocument } from '../documents.ts';

const DOCUMENT = 'pull-requests/policy.json';

interface LastGood {
  readonly commit: string;
  readonly text: string;
}

export interface PolicyAt {
  readonly policy: ApprovalPolicy;
  /** Why the file of that commit was not accepted: then the last good policy holds, or the default one. */
  readonly problems: readonly Problem[];
}

export class PolicySource {
  readonly #repository: SpecRepository;
  readonly #store: StateStore;
  #last: { readonly commit: string; readonly at: PolicyAt } | undefined;

  constructor(repository: SpecRepository, store: StateStore) {
    this.#repository = repository;
    this.#store = store;
  }

  /** The policy that holds for what is proposed to be merged into that head. @throws PortError */
  async ofHead(commit: string): Promise<PolicyAt> {
    if (this.#last?.commit === commit) return this.#last.at;
    const text = await this.#textAt(commit);
    const { policy, problems } = parsed(text);
    let at: PolicyAt = { policy: policy ?? DEFAULT_POLICY, problems };
    if (policy === undefined) {
      const good = await readDocument<LastGood>(this.#store, DOCUMENT);
      at = { policy: parsed(good?.text).policy ?? DEFAULT_POLICY, problems };
    } else if (text !== undefined) {
      const good = await readDocument<LastGood>(this.#store, DOCUMENT);
      if (good?.text !== text)
        await this.#store.write(DOCUMENT, JSON.stringify({ commit, text } satisfies LastGood));
    }
    this.#last = { commit, at };
    return at;
  }

  /** The policy as it was at some commit; the default one where there was none, or none that is valid. @throws PortError */
  async at(commit: string): Promise<ApprovalPolicy> {
    return parsed(await this.#textAt(commit)).policy ?? DEFAULT_POLICY;
  }

  async #textAt(commit: string): Promise<string | undefined> {
    try {
      return new TextDecoder().decode(await this.#repository.readFile(commit, POLICY_PATH));
    } catch (error) {
      if (error instanceof PortError && error.code === 'not-found') return undefined;
      throw error;
    }
  }
}

function parsed(text: string | undefined): {
  policy: ApprovalPolicy | undefined;
  problems: readonly Problem[];
} {
  return text === undefined ? { policy: DEFAULT_POLICY, problems: [] } : readPolicy(text, POLICY_PATH);
}
