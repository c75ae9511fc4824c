/** Many keys in a cluster, the same number in every slot, made by the servers themselves: a client would take minutes. */
import type { Redis } from 'ioredis';
import { SLOT_COUNT } from '../../reconciler/model/slots.ts';
import { keySlot } from '../../test/support/key-slot.ts';
import type { RealCluster } from '../../test/support/real-cluster.ts';

/** Of each value, in bytes. Hexadecimal digits: nothing that LZF could make shorter on the way. */
export const VALUE_BYTES = 100;
/** Slots whose scripts are in one server's queue at a time. */
const AT_ONCE = 64;
const PERSISTED_MS = 60_000;

const SCRIPT = `
local tail = ''
for part = 1, 3 do tail = tail .. redis.sha1hex(KEYS[1] .. part) end
for index = 1, ARGV[1] do
  redis.call('SET', KEYS[1] .. index, string.sub(index .. ':' .. tail, 1, ARGV[2]))
end
return redis.status_reply('OK')`;

/** Hash tags by slot: `tags[s]` has slot s. */
const tags = ((): readonly string[] => {
  const found: string[] = [];
  for (let index = 0, missing = SLOT_COUNT; missing > 0; index += 1) {
    const slot = keySlot(String(index));
    if (found[slot] !== undefined) continue;
    found[slot] = String(index);
    missing -= 1;
  }
  return found;
})();

/** A key that has the slot. */
export function keyIn(slot: number, name: string): string {
  return `{${tags[slot]}}${name}`;
}

/** Makes about so many keys, and waits until all members have them on their disks. @returns how many. */
export async function makeKeys(cluster: RealCluster, about: number, signal: AbortSignal): Promise<number> {
  const eachSlot = Math.ceil(about / SLOT_COUNT);
  await Promise.all(
    (await cluster.primaries()).map(async ({ node, ranges }) => {
      const client = await cluster.client(node);
      try {
        for (const [first, last] of ranges) await fill(client, first, last, eachSlot, signal);
        const reached = await client.call('WAITAOF', 1, 1, PERSISTED_MS);
        if (String(reached) !== '1,1') throw new Error(`only ${reached} members of ${node} have the keys`);
      } finally {
        client.disconnect();
      }
    }),
  );
  return eachSlot * SLOT_COUNT;
}

async function fill(
  client: Redis,
  first: number,
  last: number,
  eachSlot: number,
  signal: AbortSignal,
): Promise<void> {
  for (let slot = first; slot <= last; slot += AT_ONCE) {
    signal.throwIfAborted();
    const batch = Array.from({ length: Math.min(AT_ONCE, last - slot + 1) }, (_, at) =>
      client.eval(SCRIPT, 1, keyIn(slot + at, 'key:'), eachSlot, VALUE_BYTES),
    );
    await Promise.all(batch);
  }
}

/** @throws Error when there are fewer keys than were made. */
export async function mustHold(cluster: RealCluster, keys: number): Promise<void> {
  const counts = await Promise.all(
    (await cluster.primaries()).map(async ({ node }) => Number(await cluster.asAdmin(node, 'DBSIZE'))),
  );
  const found = counts.reduce((sum, count) => sum + count, 0);
  if (found < keys) throw new Error(`${found} of ${keys} keys are there`);
}
