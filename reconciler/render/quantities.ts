/** Numbers for people: bytes, durations, counts and slots, each with its unit. */
import { parseSlots, slotCount } from '../model/slots.ts';

const BINARY_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `1536` as `1.5 KiB`. */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < BINARY_UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || Number.isInteger(value) || Math.abs(value) >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${BINARY_UNITS[unit]}`;
}

/** `340 ms`, `2.4 s`, `3 min 5 s`, `2 h 10 min`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `1 step`, `12 steps`. */
export function counted(count: number, singular: string, plural = `${singular}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? singular : plural}`;
}

/** More ranges than this say nothing to a reader. */
const SHOWN_RANGES = 3;

/** `0-5460 (5461 slots)`; of a set in many pieces only the first few ranges are shown. */
export function slotsInWords(text: string): string {
  const set = parseSlots(text);
  if (set.length === 0) return 'no slots';
  const ranges = text.split(' ');
  const shown = ranges.length > SHOWN_RANGES ? [...ranges.slice(0, SHOWN_RANGES), '…'] : ranges;
  return `${shown.join(' ')} (${counted(slotCount(set), 'slot').replaceAll(',', '')})`;
}

/** `a, b and c`; of a long list only the first few, and how many more there are. */
export function listed(names: readonly string[], most = 8): string {
  if (names.length > most)
    return `${names.slice(0, most).join(', ')} and ${counted(names.length - most, 'more', 'more')}`;
  if (names.length <= 1) return names.join('');
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
