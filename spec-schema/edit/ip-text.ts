/** IP addresses as text: the opposite of reading them. */
import type { IpAddress } from '../rules/ip.ts';

/** Four decimal numbers, or IPv6 in the short form of RFC 5952. */
export function ipText({ family, value }: IpAddress): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16),
  );
  const longest = zeroRuns(groups).sort((a, b) => b.length - a.length)[0];
  if (longest === undefined) return groups.join(':');
  const { start, length } = longest;
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

/** Runs of two or more groups that are 0. */
function zeroRuns(groups: readonly string[]): { readonly start: number; readonly length: number }[] {
  const runs: { start: number; length: number }[] = [];
  for (const [index, group] of groups.entries()) {
    if (group !== '0') continue;
    const run = runs.at(-1);
    if (run !== undefined && run.start + run.length === index) run.length += 1;
    else runs.push({ start: index, length: 1 });
  }
  return runs.filter(({ length }) => length > 1);
}
