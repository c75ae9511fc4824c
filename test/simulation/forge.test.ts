/** The forge in memory keeps the claims that real forges keep. */
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { FORGE_CLAIMS } from '../support/contract/forge-claims.ts';
import type { ForgeLab } from '../support/contract/forge-lab.ts';
import { ForgePlace } from '../support/simulation/forge.ts';
import { SimulatedRepository } from '../support/simulation/spec-repository.ts';

function lab(): ForgeLab {
  let now = Date.UTC(2026, 0, 1);
  const clock = (): number => {
    now += 1_000;
    return now;
  };
  const repository = new SimulatedRepository(clock);
  repository.commit('main', { 'README.md': 'specs\n' });
  const place = new ForgePlace(repository, clock);
  return {
    forge: place.client(),
    can: new Set(['remarks', 'reviews', 'forks', 'drafts', 'closing', 'permissions', 'teams', 'issues']),
    branch: place.branch,
    self: place.self,
    restarted: async () => place.client(),
    pushDirectly: async (files) => repository.commit('main', files),
    propose: async (proposal) => place.propose(proposal),
    push: async (id, files) => place.push(id, files),
    merge: async (id) => place.merge(id),
    closeUnmerged: async (id) => place.close(id),
    remark: async (id, author, body) => place.remark(id, author, body),
    editRemark: async (id, body) => place.editRemark(id, body),
    review: async (id, author, verdict) => place.review(id, author, verdict === 'approved'),
    setPermission: async (login, permission) => place.setPermission(login, permission),
    addToTeam: async (team, login) => place.addToTeam(team, login),
    comments: async (id) => [...place.comments(id).values()],
    statuses: async (commit) =>
      place.statuses(commit).map(({ context, state, description }) => ({ context, state, description })),
    issues: async () => place.issues.map(({ title, body, state }) => ({ title, body, state })),
    checks: async (commit) =>
      place.checks(commit).map(({ name, summary, annotations }) => ({ name, summary, annotations })),
    writes: async () => place.writes,
  };
}

describe('a forge in memory', () => {
  it.each(FORGE_CLAIMS)('$says', async ({ needs, prove }) => {
    const here = lab();
    assert.ok(needs.every((ability) => here.can.has(ability)));
    await prove(here);
  });
});
