/** Channels are told of the life of a plan under one key, and one that is down holds up nothing. */
import { describe, expect, it } from 'vitest';
import type { Notification, Notifier } from '../../reconciler/ports/notifier.ts';
import { PortError } from '../../reconciler/ports.ts';
import { clusterText, Flow, POLL_MS } from '../support/simulation/flow.ts';

const PATH = 'orders/cluster.yaml';
const START = { [PATH]: clusterText('orders') };
const LRU = { [PATH]: clusterText('orders', { config: { 'maxmemory-policy': 'allkeys-lru' } }) };

/** A channel that writes down what it is told; while it is down it takes nothing. */
class Channel implements Notifier {
  readonly name: string;
  readonly told: Notification[] = [];
  down = false;

  constructor(name: string) {
    this.name = name;
  }

  notify(notification: Notification): Promise<void> {
    if (this.down) return Promise.reject(new PortError('unreachable', `${this.name} does not answer`));
    this.told.push(notification);
    return Promise.resolve();
  }

  get last(): Notification | undefined {
    return this.told.at(-1);
  }
}

async function withChannels(seed: number, ...channels: readonly Channel[]): Promise<Flow> {
  const flow = new Flow(seed, START);
  flow.notifiers.push(...channels);
  flow.start();
  await flow.until('every cluster has converged', () => flow.allConverged());
  for (const channel of channels) channel.told.length = 0;
  return flow;
}

describe('a channel', () => {
  it('is told of a plan, of its way and of its end under one key, and of nothing when nothing is new', async () => {
    const channel = new Channel('discord');
    const flow = await withChannels(1, channel);
    const id = flow.place.propose({ branch: 'lru', files: LRU });
    await flow.until('the plan is told', () => channel.told.length > 0, 2 * POLL_MS);
    expect(channel.last).toMatchObject({ severity: 'quiet', tone: 'changing' });
    await flow.pass(10 * POLL_MS);
    expect(channel.told).toHaveLength(1);
    flow.place.merge(id);
    await flow.until('the end is told', () => channel.last?.tone === 'good');
    expect(channel.last?.lines[0]).toMatch(/steps? done/);
    expect(new Set(channel.told.map(({ key }) => key)).size).toBe(1);
  });

  it('that is down holds up neither the forge nor another one, and hears the last word later, after a restart too', async () => {
    const [discord, slack] = [new Channel('discord'), new Channel('slack')];
    const flow = await withChannels(2, discord, slack);
    discord.down = true;
    const id = flow.place.propose({ branch: 'lru', files: LRU });
    await flow.until('the plan is shown', () => flow.comment(id, 'orders') !== '', 2 * POLL_MS);
    flow.place.merge(id);
    await flow.until('the end is told', () => slack.last?.tone === 'good');
    expect(flow.comment(id, 'orders')).toContain('✅');
    expect(discord.told).toEqual([]);
    flow.restart();
    discord.down = false;
    await flow.until('the last word is heard', () => discord.told.length > 0);
    expect(discord.told).toEqual([slack.last]);
  });
});
