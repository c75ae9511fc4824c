/** CLUSTER SLOT-STATS: what a server has counted for each slot that it owns. */
import type { SlotStats } from '../model/readings.ts';
import { pairsOf } from './pairs.ts';
import { WireError } from './wire-error.ts';

/**
 * Reads `[[slot, {name: value, …}], …]`, in either protocol. Which statistics there are depends on
 * `cluster-slot-stats-enabled`; those that there are not are 0.
 * @throws WireError `slot-stats`
 */
export function parseSlotStats(reply: unknown): Map<number, SlotStats> {
  if (!Array.isArray(reply)) throw new WireError('slot-stats', 'no array', String(typeof reply));
  return new Map(
    reply.map((entry: unknown) => {
      if (!Array.isArray(entry) || entry.length !== 2)
        throw new WireError('slot-stats', 'no pair', JSON.stringify(entry) ?? '');
      const slot = Number(entry[0]);
      if (!Number.isInteger(slot) || slot < 0 || slot > 16383)
        throw new WireError('slot-stats', 'no slot', String(entry[0]));
      const fields = new Map(pairsOf(entry[1], 'slot-stats'));
      const count = (name: string): number => {
        const value = Number(fields.get(name) ?? 0);
        if (!Number.isFinite(value))
          throw new WireError('slot-stats', `no number for ${name}`, String(fields.get(name)));
        return value;
      };
      return [
        slot,
        {
          keys: count('key-count'),
          memoryBytes: count('memory-bytes'),
          cpuMicroseconds: count('cpu-usec'),
          networkBytes: count('network-bytes-in') + count('network-bytes-out'),
        },
      ];
    }),
  );
}
