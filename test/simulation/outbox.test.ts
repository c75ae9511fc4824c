/** What is to be said is said: in order, once, the last word only, however often the place it is said at is down. */
import { describe, expect, it } from 'vitest';
import type { Message } from '../../reconciler/engine/pull-requests/message.ts';
import { Outbox, type OutboxTrouble } from '../../reconciler/engine/pull-requests/outbox.ts';
import { PortError } from '../../reconciler/ports.ts';
import { SimulatedFleet } from '../support/simulation/fleet.ts';

function comment(key: string, body: string): Message {
  return { kind: 'comment', pullRequest: '1', key, body };
}

class Place {
  readonly fleet = new SimulatedFleet({ seed: 1, hosts: [] });
  readonly heard: string[] = [];
  readonly troubles: OutboxTrouble[] = [];
  /** Asked before each message: what it fails with. */
  refuses: (message: Message) => PortError | undefined = () => undefined;
  stop = new AbortController();

  async open(): Promise<Outbox> {
    this.stop = new AbortController();
    const { store, clock } = this.fleet.ports;
    const outbox = await this.fleet.run(() =>
      Outbox.open({
        key: 'outbox.jsonl',
        store,
        clock,
        report: (trouble) => this.troubles.push(trouble),
        send: async (message) => {
          const error = this.refuses(message);
          if (error !== undefined) throw error;
          if (message.kind === 'comment') this.heard.push(`${message.key} ${message.body}`);
        },
      }),
    );
    void outbox.run(this.stop.signal);
    return outbox;
  }

  put(outbox: Outbox, messages: readonly Message[], spacingMs = 0): Promise<void> {
    return this.fleet.run(() => outbox.put(messages, spacingMs));
  }
}

const DOWN = new PortError('unreachable', 'nobody answers');

describe('an outbox', () => {
  it('says everything in order, and nothing twice', async () => {
    const place = new Place();
    const outbox = await place.open();
    await place.put(outbox, [comment('a', '1'), comment('b', '1')]);
    await place.fleet.idle(1_000);
    await place.put(outbox, [comment('b', '1'), comment('a', '2')]);
    await place.fleet.idle(1_000);
    expect(place.heard).toEqual(['a 1', 'b 1', 'a 2']);
  });

  it('keeps what cannot be said, says only the last word of it later, and tells of the trouble once', async () => {
    const place = new Place();
    const outbox = await place.open();
    place.refuses = () => DOWN;
    for (const body of ['1', '2', '3']) await place.put(outbox, [comment('a', body), comment('b', body)]);
    await place.fleet.idle(600_000);
    expect(place.heard).toEqual([]);
    expect(place.troubles).toHaveLength(1);
    place.refuses = () => undefined;
    await place.fleet.idle(61_000);
    expect(place.heard).toEqual(['a 3', 'b 3']);
  });

  it('says a new word after what was put before it', async () => {
    const place = new Place();
    const outbox = await place.open();
    place.refuses = () => DOWN;
    await place.put(outbox, [comment('status', 'pending')]);
    await place.put(outbox, [comment('plan', 'the plan'), comment('status', 'success')]);
    place.refuses = () => undefined;
    await place.fleet.idle(61_000);
    expect(place.heard).toEqual(['plan the plan', 'status success']);
  });

  it('lets one message that is not taken hold up no other, and gives it up in the end', async () => {
    const place = new Place();
    const outbox = await place.open();
    place.refuses = (message) =>
      message.kind === 'comment' && message.key === 'locked'
        ? new PortError('refused', 'it is locked')
        : undefined;
    await place.put(outbox, [comment('locked', '1'), comment('a', '1')]);
    await place.fleet.idle(1_000);
    expect(place.heard).toEqual(['a 1']);
    await place.fleet.idle(24 * 3_600_000);
    expect(place.troubles.map(({ givenUp }) => givenUp)).toEqual([false, true]);
    // Another text is another message.
    place.refuses = () => undefined;
    await place.put(outbox, [comment('locked', '2')]);
    await place.fleet.idle(1_000);
    expect(place.heard).toEqual(['a 1', 'locked 2']);
  });

  it('says progress seldom and results at once', async () => {
    const place = new Place();
    const outbox = await place.open();
    for (let step = 1; step <= 100; step += 1) {
      await place.put(outbox, [comment('a', `${step}`)], 30_000);
      await place.fleet.idle(1_000);
    }
    expect(place.heard.length).toBeLessThanOrEqual(5);
    await place.put(outbox, [comment('a', 'done')]);
    await place.fleet.idle(1_000);
    expect(place.heard.at(-1)).toBe('a done');
  });

  it('is as it was after a crash, also of a log that was torn or written anew', async () => {
    const place = new Place();
    let outbox = await place.open();
    place.refuses = () => DOWN;
    for (let round = 1; round <= 1_200; round += 1) await place.put(outbox, [comment('a', `${round}`)]);
    await place.put(outbox, [comment('b', 'last')]);
    const log = place.fleet.disk.documents.get('outbox.jsonl') ?? '';
    expect(log.split('\n').length).toBeLessThan(400);
    place.fleet.disk.documents.set('outbox.jsonl', `${log}{"put":[{"message"`);
    place.stop.abort();
    place.fleet.crash('by the test');
    place.refuses = () => undefined;
    outbox = await place.open();
    await place.fleet.idle(1_000);
    expect(place.heard).toEqual(['a 1200', 'b last']);
    await place.put(outbox, [comment('b', 'last')]);
    await place.fleet.idle(1_000);
    expect(place.heard).toHaveLength(2);
  });
});
