/** The repository in memory keeps the claims that real Git keeps (`test/integration/adapters-git.test.ts`). */
import { describe, it } from 'vitest';
import { REPOSITORY_CLAIMS } from '../support/contract/repository-claims.ts';
import { SimulatedRepository } from '../support/simulation/spec-repository.ts';

describe('a simulated repository', () => {
  it.each(REPOSITORY_CLAIMS)('$says', async ({ prove }) => {
    const repository = new SimulatedRepository(() => 0);
    const known = new Set<string>();
    await prove({
      repository,
      async commit(branch, changes) {
        if (known.size > 0 && !known.has(branch))
          repository.point(`refs/heads/${branch}`, repository.head('main'));
        known.add(branch);
        return repository.commit(branch, changes);
      },
      merge: async (head) => repository.merge('main', head),
      point: async (ref, commit) => repository.point(ref, commit),
      remove: async (ref) => repository.remove(ref),
    });
  });
});
