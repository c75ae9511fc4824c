/** IP addresses and subnets as numbers, so that different ways to write one address are seen to be the same. */

export interface IpAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
}

export interface Subnet {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

/** Reads an IPv4 address in four decimal numbers or an IPv6 address; undefined for anything else, host names too. */
export function parseIp(text: string): IpAddress | undefined {
  const four = ipv4(text);
  if (four !== undefined) return { family: 4, value: four };
  const six = ipv6(text);
  return six === undefined ? undefined : { family: 6, value: six };
}

/** Reads `10.213.47.0/24`; undefined when it is none, or when its address is not the subnet's first. */
export function parseSubnet(text: string): Subnet | undefined {
  const [address = '', length = '', more] = text.split('/');
  const ip = parseIp(address);
  if (ip === undefined || more !== undefined || !/^\d{1,3}$/.test(length)) return undefined;
  const bits = ip.family === 4 ? 32 : 128;
  if (Number(length) > bits) return undefined;
  const size = 1n << BigInt(bits - Number(length));
  if (ip.value % size !== 0n) return undefined;
  return { family: ip.family, first: ip.value, last: ip.value + size - 1n };
}

/** Whether other machines could reach a node under it: not "any", not loopback, not a group of receivers. */
export function isUnicast(ip: IpAddress): boolean {
  if (ip.family === 4) {
    const top = Number(ip.value >> 24n);
    return top !== 0 && top < 224;
  }
  return ip.value !== 0n && ip.value >> 120n !== 0xffn;
}

/** 127.0.0.0/8 and ::1. */
export function isLoopback(ip: IpAddress): boolean {
  return ip.family === 4 ? ip.value >> 24n === 127n : ip.value === 1n;
}

/** The same text for the same address, however it was written. */
export function ipKey(text: string): string {
  const ip = parseIp(text);
  return ip === undefined ? text : `${ip.family}:${ip.value}`;
}

function ipv4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    // No leading zeros: some programs read them as octal.
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = (value << 8n) | BigInt(part);
  }
  return value;
}

function ipv6(text: string): bigint | undefined {
  if (!/^[0-9A-Fa-f:.]{2,45}$/.test(text)) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [first = '', last] = halves;
  const head = groups(first, last === undefined);
  const tail = last === undefined ? [] : groups(last, true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  return [...head, ...Array<bigint>(missing).fill(0n), ...tail].reduce(
    (value, group) => (value << 16n) | group,
    0n,
  );
}

/** The 16-bit groups of one side of `::`; the very last may be an IPv4 address, which is two of them. */
function groups(text: string, atEnd: boolean): bigint[] | undefined {
  if (text === '') return [];
  const result: bigint[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    const four = atEnd && index === parts.length - 1 && part.includes('.') ? ipv4(part) : undefined;
    if (four !== undefined) result.push(four >> 16n, four & 0xffffn);
    else if (/^[0-9A-Fa-f]{1,4}$/.test(part)) result.push(BigInt(`0x${part}`));
    else return undefined;
  }
  return result;
}
