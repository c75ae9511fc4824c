/**
 * Random fleets, random edits, random faults: every run converges or is blocked with a reason, no law is ever broken
 * (the loop throws when one would be), no acknowledged write is lost by RedisForge, and a converged fleet is left alone.
 *
 * The stories are the same in every run, so that a failure is somebody's doing; STORY_SEED tells others, STORIES more. A
 * failure prints both, and the history of its fleet.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeEdits, type SpecEdit, scaleEdits, settingEdits } from '../support/simulation/random-spec.ts';
import { passAgain, reason, type Story, stories, tell } from '../support/simulation/story.ts';

const numRuns = Number(process.env['STORIES'] ?? 15);
const seed = Number(process.env['STORY_SEED'] ?? 20_261_124);
/** A story takes some 120 ms where the machine is quiet. */
const timeout = 60_000 + numRuns * 4_000;

async function endsWell(story: Story): Promise<void> {
  const { fleet, outcome, spec } = await tell(story);
  // What a fault has destroyed before anybody had a copy is not RedisForge's doing.
  const lost = fleet.lostWrites().filter(({ by }) => by !== 'fault');
  expect(lost, fleet.describe()).toEqual([]);
  const surplus = spec.nodes.filter(({ name, role }) => role === 'surge' && fleet.server(name) !== undefined);
  if (outcome.status !== 'converged') {
    expect(reason(outcome), fleet.describe()).toMatch(/^blocked .+/);
    return;
  }
  expect(surplus, fleet.describe()).toEqual([]);
  fleet.clearCounts();
  expect((await passAgain(fleet, spec))?.status, fleet.describe()).toBe('converged');
  expect(fleet.mutations(), fleet.describe()).toBe(0);
}

const holds = (arbitrary: fc.Arbitrary<Story>): Promise<void> =>
  fc.assert(fc.asyncProperty(arbitrary, endsWell), { numRuns, seed });

describe('RedisForge on random fleets', () => {
  const changes: fc.Arbitrary<SpecEdit> = fc.oneof(nodeEdits, scaleEdits);

  it('converges after faults that cost nothing', () => holds(stories({ grave: false })), timeout);

  it(
    'converges, or says what stands in the way, after grave ones',
    () => holds(stories({ grave: true })),
    timeout,
  );

  it(
    'scales, moves and replaces nodes while faults strike',
    () => holds(stories({ grave: false, edits: changes })),
    timeout,
  );

  it('does so under grave ones too', () => holds(stories({ grave: true, edits: changes })), timeout);

  it(
    'rolls with surge replicas, and leaves none behind',
    () => holds(stories({ grave: false, edits: settingEdits, surge: true })),
    timeout,
  );
});
