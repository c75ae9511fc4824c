/**
 * Random fleets, random edits, random faults: every run converges or is blocked with a reason, no law is ever broken
 * (the loop throws when one would be), no acknowledged write is lost by RedisForge, and a converged fleet is left alone.
 *
 * STORIES sets how many are told; a failure prints its seed and its history.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SimulatedFleet } from '../support/simulation/fleet.ts';
import { reason, stories, tell } from '../support/simulation/story.ts';

const RUNS = Number(process.env['STORIES'] ?? 60);

/** What a fault has destroyed before anybody had a copy is not RedisForge's doing. */
function lostByUs(fleet: SimulatedFleet) {
  return fleet.lostWrites().filter(({ by }) => by !== 'fault');
}

describe('RedisForge on random fleets', () => {
  it('converges after faults that cost nothing', async () => {
    await fc.assert(
      fc.asyncProperty(stories({ grave: false }), async (story) => {
        const { fleet, outcome } = await tell(story);
        expect(lostByUs(fleet), fleet.describe()).toEqual([]);
        // Losing the vote of a majority for good is the one thing that a person has to decide.
        if (outcome.status !== 'converged') expect(reason(outcome), fleet.describe()).toMatch(/^blocked .+/);
      }),
      { numRuns: RUNS },
    );
  });

  it('converges, or says what stands in the way, after grave ones', async () => {
    await fc.assert(
      fc.asyncProperty(stories({ grave: true }), async (story) => {
        const { fleet, outcome } = await tell(story);
        expect(lostByUs(fleet), fleet.describe()).toEqual([]);
        if (outcome.status !== 'converged') expect(reason(outcome), fleet.describe()).toMatch(/^blocked .+/);
      }),
      { numRuns: RUNS },
    );
  });
});
