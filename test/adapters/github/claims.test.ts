/** The claims of every forge, for GitHub: with a token and as an App, at github.com and on an Enterprise Server. */
import { describe, expect, it } from 'vitest';
import { FORGE_CLAIMS } from '../../support/contract/forge-claims.ts';
import { GithubLab } from '../../support/github/github-lab.ts';

describe.each([
  { access: 'token', base: '' },
  { access: 'token', base: '/api/v3' },
  { access: 'app', base: '' },
  { access: 'app', base: '/api/v3' },
] as const)('GitHub with $access at "$base"', (options) => {
  it.each(FORGE_CLAIMS.map((claim) => [claim.says, claim] as const))('%s', async (_, claim) => {
    const lab = await GithubLab.create(options);
    try {
      await claim.prove(lab);
      expect(lab.github.contractErrors).toEqual([]);
    } finally {
      await lab.dispose();
    }
  });
});
