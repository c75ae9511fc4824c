/** Hosts that stop, or that RedisForge cannot reach, in the middle of a change. */
import { expect } from 'vitest';
import { eventually } from '../lab-containers.ts';
import type { Change, FaultMatrix } from './matrix.ts';
import { DEADLINE_MS, type Moment, type Site } from './site.ts';

export function hostsFail(matrix: FaultMatrix, site: () => Site): void {
  /** A host with one primary that owns slots, or with several. */
  async function hostWith(primaries: 'one' | 'several'): Promise<string> {
    const { live } = await site().cluster.observe();
    const owners = Object.values(live.nodes).filter(({ slots }) => slots !== '');
    const found = Object.entries(Object.groupBy(owners, ({ host }) => host)).find(
      ([, there = []]) => (primaries === 'one') === (there.length === 1),
    );
    if (found === undefined) throw new Error(`no host has ${primaries} primaries`);
    return found[0];
  }

  function nodesOn(host: string): string[] {
    const { cluster } = site();
    return cluster.spec.nodes.filter((node) => node.host === host).map(({ name }) => cluster.short(name));
  }

  /** Steps that would touch a node of that host; what is only waited for does not. */
  function touching(steps: readonly string[], host: string): string[] {
    const there = nodesOn(host);
    return steps.filter((id) => !id.startsWith('await-') && there.includes(id.split(':')[1] ?? ''));
  }

  /** A host stops and is dead until its shards are served by others; then it comes back. */
  async function stopHost({ since }: Moment): Promise<string> {
    const { cluster, hosts, keeping } = site();
    const host = await hostWith('one');
    const there = nodesOn(host).map((name) => cluster.node(name));
    await hosts.powerOff(host);
    await eventually(
      `all that ran on ${host} is served elsewhere`,
      () => {
        const live = keeping.status().observation?.live;
        const owners = Object.entries(live?.nodes ?? {}).filter(([, { slots }]) => slots !== '');
        return (
          live?.hosts[host]?.engine === 'no' &&
          live.serving === 'yes' &&
          owners.length > 0 &&
          owners.every(([name]) => !there.includes(name))
        );
      },
      DEADLINE_MS,
    );
    const touched = touching(since(), host);
    await hosts.powerOn(host);
    expect(touched, 'nothing is done to a host that does not answer').toEqual([]);
    return `${host} with ${there.length} nodes stopped and came back`;
  }
  const stopped = (change: Change) => () =>
    site().during(change, { strike: stopHost, tail: true, failures: true });
  matrix.row({
    number: 4,
    fault: 'a zone is lost: its host with one primary stops, and comes back',
    expected: 'the members elect, nothing is done there blindly, the change ends when the host is back',
    cells: { out: stopped('out'), in: stopped('in'), roll: stopped('roll') },
  });

  /** With four shards on three hosts, one of these has two of the primaries or more. */
  async function loseQuorum({ since }: Moment): Promise<string> {
    const { cluster, hosts, keeping } = site();
    await eventually(
      'the new shard has slots',
      async () => (await cluster.primaries()).length === 4,
      DEADLINE_MS,
    );
    const host = await hostWith('several');
    await hosts.powerOff(host);
    const lost = await eventually(
      'the loss of the quorum is seen',
      () => keeping.status().blocks.find(({ code }) => code === 'quorum-lost'),
      DEADLINE_MS,
    );
    const forced = since().filter((id) => /^(failover|takeover)/.test(id));
    await hosts.powerOn(host);
    expect(lost.hint).toContain('recovery');
    expect(forced).toEqual([]);
    return `${host} stopped and came back`;
  }
  matrix.row({
    number: 4,
    fault: 'a zone with half of the primaries is lost, and comes back',
    expected: 'nothing is forced: `quorum-lost` shows what a person can decide; all goes on when it is back',
    cells: {
      out: () =>
        site().during('out', {
          strike: loseQuorum,
          tail: true,
          failures: true,
        }),
      in: 'as while scaling out: four primaries on three hosts',
      roll: 'three primaries on three hosts: none has half of them',
    },
  });

  /** The nodes run on, and clients reach them. */
  async function cutOff({ since }: Moment): Promise<string> {
    const { hosts, keeping } = site();
    hosts.cut('h3');
    await eventually(
      'h3 is seen to be away, and nothing more can be done',
      () =>
        keeping.status().observation?.live.hosts['h3']?.engine === 'no' &&
        ['blocked', 'failed'].includes(keeping.status().status),
      DEADLINE_MS,
    );
    const codes = keeping.status().blocks.map(({ code }) => code);
    const steps = since();
    hosts.heal('h3');
    expect(steps.filter((id) => /^(failover|takeover|switchover)/.test(id))).toEqual([]);
    expect(codes).toContain('host-unreachable');
    return `blocked: ${[...new Set(codes)].join(', ')}`;
  }
  const cut = (change: Change) => () => site().during(change, { strike: cutOff });
  matrix.row({
    number: 18,
    fault: 'RedisForge cannot reach one host, whose nodes run on',
    expected: 'no failover; `host-unreachable` is shown; the change ends when the host is reached again',
    cells: { out: cut('out'), in: cut('in'), roll: cut('roll') },
  });
}
