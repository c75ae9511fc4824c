import { expect, test } from 'vitest';
import type { ClusterSpec } from '../../spec-schema/cluster-spec.ts';
import {
  busPort,
  containerName,
  effectiveConfig,
  effectiveResources,
  hasPersistence,
  networkName,
  nodeAddress,
  redisVersion,
  versionOfImage,
  volumeName,
} from '../../spec-schema/effective.ts';
import { type Changes, example, fleet, read } from './claims.ts';

function accepted(text: string): ClusterSpec {
  const { spec, problems } = read(text);
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  return spec as ClusterSpec;
}

const nodeOf = (spec: ClusterSpec, name: string) =>
  spec.nodes.find((node) => node.name === name) ?? expect.fail(name);
const onN3 = (fields: string): Changes => ({
  'host: b1, role: primary': `host: b1, role: primary, ${fields}`,
});

test('the version is what the spec says, or else the tag', () => {
  expect(redisVersion(accepted(fleet()))).toBe('8.6.3');
  expect(redisVersion(accepted(fleet({ 'image: redis:8.6.3': 'image: redis:edge\n  version: 8.4.2' })))).toBe(
    '8.4.2',
  );
  expect(versionOfImage('registry.example:5000/team/redis:v8.4.2-alpine@sha256:00')).toBe('8.4.2');
  expect(versionOfImage('registry.example:5000/team/redis')).toBeUndefined();
  expect(versionOfImage('redis:8.6.3.1')).toBeUndefined();
});

test('directives of the node win, and values are as CONFIG GET prints them', () => {
  const spec = accepted(fleet(onN3("config: { MaxMemory: 1gb, appendonly: false, save: '3600  1' }")));
  expect(effectiveConfig(spec, nodeOf(spec, 'n1'))).toEqual({
    maxmemory: `${6 * 1024 ** 3}`,
    appendonly: 'yes',
  });
  expect(effectiveConfig(spec, nodeOf(spec, 'n3'))).toEqual({
    maxmemory: `${1024 ** 3}`,
    appendonly: 'no',
    save: '3600 1',
  });
});

test('limits of the node win field by field', () => {
  const spec = accepted(fleet(onN3('resources: { memory: 16gb, cpus: 1.5 }')));
  expect(effectiveResources(spec, nodeOf(spec, 'n1'))).toEqual({
    memoryBytes: 8 * 1024 ** 3,
    cpus: 0,
    nofile: 20000,
  });
  expect(effectiveResources(spec, nodeOf(spec, 'n3'))).toEqual({
    memoryBytes: 16 * 1024 ** 3,
    cpus: 1.5,
    nofile: 20000,
  });
});

test("a node announces its own address, or else in host mode its host's", () => {
  const spec = accepted(fleet(onN3('address: 10.0.2.99, port: 7000, busPort: 7100')));
  expect(nodeAddress(spec, nodeOf(spec, 'n1'))).toBe('10.0.1.1');
  expect(nodeAddress(spec, nodeOf(spec, 'n3'))).toBe('10.0.2.99');
  expect(busPort(nodeOf(spec, 'n1'))).toBe(16379);
  expect(busPort(nodeOf(spec, 'n3'))).toBe(7100);
  const bridge = accepted(example({ ', address: 10.213.47.11': '' }));
  expect(nodeAddress(bridge, nodeOf(bridge, 'orders-1'))).toBeUndefined();
  expect(nodeAddress(bridge, nodeOf(bridge, 'orders-2'))).toBe('10.213.47.12');
});

test('snapshots are persistence too, and on by default', () => {
  expect(hasPersistence({})).toBe(true);
  expect(hasPersistence({ save: '' })).toBe(false);
  expect(hasPersistence({ save: '', appendonly: 'yes' })).toBe(true);
  expect(hasPersistence({ save: '3600 1', appendonly: 'no' })).toBe(true);
});

test('names on the engine', () => {
  const [demo, real] = [accepted(example()), accepted(fleet())];
  expect(containerName(demo, nodeOf(demo, 'orders-1'))).toBe('orders-1');
  expect(volumeName(demo, nodeOf(demo, 'orders-1'))).toBe('redisforge-orders-orders-1');
  expect(networkName(demo)).toBe('redisforge-orders');
  expect(networkName(real)).toBe('host');
});
