import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { ipKey, isLoopback, isUnicast, parseIp, parseSubnet } from '../../spec-schema/rules/ip.ts';

test('reads what is an address, and nothing else', () => {
  expect(parseIp('10.213.47.11')).toEqual({ family: 4, value: 0x0ad52f0bn });
  expect(parseIp('::1')).toEqual({ family: 6, value: 1n });
  expect(parseIp('2001:db8::8:800:200c:417a')?.value).toBe(0x20010db80000000000080800200c417an);
  expect(parseIp('::ffff:10.0.0.1')?.value).toBe(0xffff0a000001n);
  for (const text of [
    '',
    'a',
    '10.0.0',
    '10.0.0.256',
    '010.0.0.1',
    '1.2.3.4.5',
    '::1::',
    ':1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    'fe80::1%eth0',
    '12345::',
    '1.2.3.4::',
  ]) {
    expect(parseIp(text), text).toBeUndefined();
  }
});

test('agrees with zod on random texts of the right letters', () => {
  const [four, six] = [z.ipv4(), z.ipv6()];
  const text = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.string({ unit: fc.constantFrom(...'0123456789abf:.'), maxLength: 20 }),
  );
  fc.assert(
    fc.property(text, (address) => {
      expect(parseIp(address)?.family === 4, address).toBe(four.safeParse(address).success);
      expect(parseIp(address)?.family === 6, address).toBe(six.safeParse(address).success);
    }),
    { numRuns: 5000 },
  );
});

test('one address is one key, however it is written', () => {
  expect(ipKey('FD00:0::0:1')).toBe(ipKey('fd00::1'));
  expect(ipKey('10.0.0.1')).not.toBe(ipKey('10.0.0.2'));
  expect(ipKey('not one')).toBe('not one');
});

test('a subnet begins at its first address', () => {
  expect(parseSubnet('10.213.47.0/24')).toEqual({ family: 4, first: 0x0ad52f00n, last: 0x0ad52fffn });
  expect(parseSubnet('fd00::/64')?.last).toBe(0xfd00000000000000ffffffffffffffffn);
  for (const text of [
    '10.213.47.1/24',
    '10.0.0.0',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    'x/24',
    '::/129',
  ]) {
    expect(parseSubnet(text), text).toBeUndefined();
  }
});

test('addresses that other machines can reach', () => {
  const reach = (text: string) => {
    const ip = parseIp(text);
    return ip !== undefined && isUnicast(ip) && !isLoopback(ip);
  };
  for (const text of ['10.0.0.1', '192.168.1.1', 'fd00::1', '2001:db8::1'])
    expect(reach(text), text).toBe(true);
  for (const text of ['0.0.0.0', '127.0.0.1', '224.0.0.1', '255.255.255.255', '::', '::1', 'ff02::1']) {
    expect(reach(text), text).toBe(false);
  }
});
