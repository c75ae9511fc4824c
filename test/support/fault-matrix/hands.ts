/** What somebody else does to the cluster in the middle of a change, by hand or with other tools. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerCreateOptions } from 'dockerode';
import { expect } from 'vitest';
import { eventually, execIn } from '../lab-containers.ts';
import { LOADER_PASSWORD } from '../real-spec.ts';
import type { Change, FaultMatrix } from './matrix.ts';
import { APP_PASSWORD, DEADLINE_MS, type Site } from './site.ts';

export function handsMeddle(matrix: FaultMatrix, site: () => Site): void {
  /** As people do it: the stock tool, key by key. */
  async function redisCli(...command: string[]): Promise<string> {
    const { cluster } = site();
    const { host, port } = await cluster.endpoint('1a');
    return execIn(
      cluster.node('2b'),
      ...['redis-cli', '--user', 'loader', '--pass', LOADER_PASSWORD, '--no-auth-warning', '--cluster'],
      ...[command[0] ?? '', `${host}:${port}`, ...command.slice(1), '--cluster-yes'],
    );
  }
  const reshard = (change: Change, moment: RegExp) => () =>
    site().during(change, {
      moment,
      quick: true,
      strike: async () => {
        const { cluster } = site();
        const [from, to] = [await cluster.memberOf('s1', 'primary'), await cluster.memberOf('s2', 'primary')];
        // What RedisForge does beside it may make the tool give up: that is for whoever called it to see.
        const args = ['--cluster-from', await cluster.idOf(from), '--cluster-to', await cluster.idOf(to)];
        const words = await redisCli('reshard', ...args, '--cluster-slots', '200').then(
          () => 'redis-cli moved 200 slots',
          (error: Error) => `redis-cli gave up: ${/\[?ERR[^\n]*/.exec(error.message)?.[0] ?? 'error'}`,
        );
        // And what it leaves open is closed with the tool that opened it.
        await eventually(
          'redis-cli has closed what it left open',
          async () => {
            await redisCli('fix').catch(() => undefined);
            return (await cluster.observe()).live.openSlots === '';
          },
          DEADLINE_MS,
        );
        return words;
      },
    });
  matrix.row({
    number: 11,
    fault: 'somebody runs `redis-cli --cluster reshard`',
    expected: 'nothing is moved beside open slots; in the end every shard has its share',
    cells: {
      out: reshard('out', /^deploy-node:/),
      in: 'as while scaling out: open slots hold up whatever moves',
      roll: 'as while scaling out: what was moved is moved back',
    },
  });

  const configured = (change: Change) => () =>
    site().during(change, {
      strike: async () => {
        const { cluster, keeping } = site();
        await cluster.asLoader('2b', 'CONFIG', 'SET', 'repl-diskless-sync-delay', 7);
        await cluster.asLoader('2b', 'ACL', 'SETUSER', 'intruder', 'on', '>secret', '+@all');
        await keeping.converged(DEADLINE_MS);
        const delay = await cluster.asAdmin('2b', 'CONFIG', 'GET', 'repl-diskless-sync-delay');
        expect(delay).toEqual(['repl-diskless-sync-delay', '0']);
        expect(String(await cluster.asAdmin('2b', 'ACL', 'LIST'))).not.toContain('intruder');
        return '2b changed by hand';
      },
    });
  matrix.row({
    number: 11,
    fault: 'somebody sends CONFIG SET and ACL SETUSER to a node',
    expected: 'both are undone, and the change ends',
    cells: { out: configured('out'), in: 'as while scaling out', roll: configured('roll') },
  });

  /** Its file has another password from now on; clients that are logged in stay so. */
  const rotated = (change: Change) => () =>
    site().during(change, {
      strike: async ({ step }) => {
        const { cluster, keeping } = site();
        const nodes = (): string[] => cluster.spec.nodes.map(({ name }) => cluster.short(name));
        const stuck = await cluster.clientAs('3a', 'app', secret);
        const old = secret;
        secret = `${change}-${step}`;
        try {
          await writeFile(join(cluster.directory, 'app'), secret, { mode: 0o600 });
          await keeping.converged(DEADLINE_MS);
          for (const node of nodes()) {
            (await cluster.clientAs(node, 'app', secret)).disconnect();
            await expect(cluster.clientAs(node, 'app', old)).rejects.toThrow();
          }
          if (change !== 'roll') expect(await stuck.ping()).toBe('PONG');
          return 'app logs in with the new password everywhere, with the old one nowhere';
        } finally {
          stuck.disconnect();
        }
      },
    });
  let secret = APP_PASSWORD;
  matrix.row({
    number: 13,
    fault: "a user's password changes while a client keeps the old one",
    expected:
      'every node takes the new one; who is logged in stays so, and logs in again only with the new one',
    cells: { out: rotated('out'), in: 'as while scaling out', roll: rotated('roll') },
  });

  matrix.row({
    number: 14,
    fault: "RedisForge's own rights are taken away on one node (NOPERM)",
    expected: 'the refusal is shown with what helps, nothing is half done, all goes on when they are back',
    cells: { out: 'as while scaling in', in: forbidden('in'), roll: forbidden('roll') },
  });

  function forbidden(change: Change) {
    return () =>
      site().during(change, {
        moment: change === 'out' ? /^deploy-node:/ : change === 'in' ? /^migrate-slots:/ : /^switchover:/,
        strike: async () => {
          const { cluster, keeping } = site();
          const node = await cluster.memberOf('s3', 'primary');
          await cluster.asLoader(node, 'ACL', 'SETUSER', 'redisforge', '-acl', '-cluster|migration');
          const refused = await eventually(
            'the refusal',
            () => keeping.status().blocks.find(({ code }) => code === 'node-forbids'),
            DEADLINE_MS,
          );
          expect(refused.evidence).toMatch(/NOPERM|no permissions/);
          expect(refused.hint).toContain('ACL LOAD');
          await cluster.asLoader(node, 'ACL', 'LOAD');
          return cluster.short(refused.evidence ?? '').slice(0, 100);
        },
      });
  }

  matrix.row({
    number: 20,
    fault: 'a node that was taken out is started by hand from its kept volume',
    expected: 'it is stopped and not let in, and removed only by the next commit: `needs-approval`',
    cells: {
      out: 'the new shard has the name',
      in: returns,
      roll: 'no node is taken out',
    },
  });

  async function returns(): Promise<string> {
    await site().prepare('in');
    const { cluster, keeping } = site();
    return site().weather(async () => {
      const removed = await cluster.container('4a').inspect();
      await site().edit('in');
      keeping.commit();
      await keeping.converged(DEADLINE_MS);
      // Another commit: what the former one approved is over.
      cluster.edit(({ redis }) => {
        redis.config['slowlog-max-len'] = 300;
      });
      keeping.commit();
      await keeping.converged(DEADLINE_MS);
      const { Config, HostConfig, NetworkSettings } = removed;
      const [network = ''] = Object.keys(NetworkSettings.Networks);
      const IPAMConfig = NetworkSettings.Networks[network]?.IPAMConfig;
      const container = await cluster.docker.createContainer({
        ...Config,
        name: cluster.node('4a'),
        HostConfig,
        NetworkingConfig: { EndpointsConfig: { [network]: { IPAMConfig } } },
      } as ContainerCreateOptions);
      await container.start();
      await eventually(
        'its removal waits for approval',
        () => keeping.status().blocks.some(({ code }) => code === 'needs-approval'),
        DEADLINE_MS,
      );
      expect((await container.inspect()).State.Running).toBe(false);
      const { nodes } = (await cluster.observe()).live;
      expect(nodes[cluster.node('4a')]?.membership).not.toBe('joined');
      // The next commit's plan shows it, and whoever merges that approves it.
      cluster.edit(({ redis }) => {
        delete redis.config['slowlog-max-len'];
      });
      keeping.commit();
      await keeping.converged(DEADLINE_MS);
      return '4a fenced, then removed';
    });
  }
}
