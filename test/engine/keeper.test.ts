/** The keeper of one cluster: what a commit approves and what has converged is said of that commit and of no other. */
import { expect, it } from 'vitest';
import type { Ports } from '../../reconciler/engine/cluster.ts';
import { Keeper } from '../../reconciler/engine/keeper.ts';
import { fleetFor, plainDocument } from '../support/simulation/plain-fleet.ts';
import { specFrom } from '../support/simulation/random-spec.ts';

it('a commit that comes while a pass for the former one is being prepared approves what itself destroys', async () => {
  const four = plainDocument({ shards: 4 });
  const last = four.nodes.at(-1)?.shard;
  const three = { ...four, nodes: four.nodes.filter(({ shard }) => shard !== last) };
  const spec = specFrom(four);
  const fleet = fleetFor(four);

  await fleet.run(async () => {
    const { ports } = fleet;
    const stop = new AbortController();
    let secondComes = false;
    const preparing: Ports = {
      ...ports,
      secrets: {
        read: (ref) => {
          // The pass has been begun with the former spec, and opens its cluster.
          if (secondComes) keeper.follow(specFrom(three), 'second');
          secondComes = false;
          return ports.secrets.read(ref);
        },
      },
    };
    const keeper = new Keeper(
      spec,
      'first',
      preparing,
      ports.leases,
      { pollMs: 1000, driftMs: 1000, holder: 'test' },
      () => {
        const { status, commit, blocks } = keeper.status();
        expect(blocks.map(({ code }) => code)).not.toContain('needs-approval');
        if (status !== 'converged') return;
        if (commit === 'first') secondComes = true;
        else stop.abort();
      },
    );
    await keeper.run(stop.signal);
    expect(keeper.status()).toMatchObject({ status: 'converged', commit: 'second' });
    const { nodes = {} } = keeper.status().observation?.live ?? {};
    expect(Object.keys(nodes).sort()).toEqual(three.nodes.map(({ name }) => name).sort());
  });
});

it('looks again when the ban on a forgotten member is over, however seldom it looks for drift', async () => {
  const four = plainDocument({ shards: 4, zones: 4 });
  const three = { ...four, nodes: four.nodes.filter(({ shard }) => shard !== 's4') };
  const fleet = fleetFor(four);
  await fleet.run(async () => {
    const { clock, leases } = fleet.ports;
    const stop = new AbortController();
    const forgotten: number[] = [];
    let late: number | undefined;
    const keeper = new Keeper(
      specFrom(four),
      'first',
      fleet.ports,
      leases,
      { pollMs: 1000, driftMs: 3_600_000, holder: 'test' },
      (event) => {
        if (event.kind === 'progress' && event.event.kind === 'step-ended') {
          if (event.event.step.step.kind === 'remove-node') forgotten.push(event.event.at);
        } else if (event.kind === 'pass' && event.status.status === 'converged') {
          if (event.status.commit === 'first') keeper.follow(specFrom(three), 'second');
          else if (forgotten.length === 2) {
            // What engines tell wakes it sooner, and more than once.
            const after = clock.now() - (forgotten[1] as number);
            if (after > 60_000) late = after;
          }
          if (late !== undefined) stop.abort();
        }
      },
    );
    await keeper.run(stop.signal);
    expect(forgotten).toHaveLength(2);
    expect(late).toBeLessThan(70_000);
  });
});
