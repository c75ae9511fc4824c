import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { clusterSpecSchema } from '../../spec-schema/cluster-spec.ts';
import { jsonSchema } from '../../spec-schema/json-schema.ts';
import { runs } from '../support/examples.ts';
import { example, fleet } from './claims.ts';
import { type Layout, layouts } from './layouts.ts';

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
addFormats.default(ajv);
const validate = ajv.compile(jsonSchema());
const agree = (value: unknown) => expect(validate(value)).toBe(clusterSpecSchema.safeParse(value).success);

test('the editor accepts what is accepted', () => {
  expect(validate(parse(example()))).toBe(true);
  expect(validate(parse(fleet()))).toBe(true);
});

test('every field has a description', () => {
  const missing: string[] = [];
  const visit = (schema: unknown, path: string): void => {
    if (typeof schema !== 'object' || schema === null) return;
    const { properties, items, anyOf, oneOf } = schema as Record<string, Record<string, object>>;
    for (const [name, property] of Object.entries(properties ?? {})) {
      if (!('description' in property)) missing.push(`${path}.${name}`);
      visit(property, `${path}.${name}`);
    }
    visit(items, `${path}[]`);
    for (const option of Object.values(anyOf ?? oneOf ?? {})) visit(option, path);
  };
  visit(jsonSchema(), '');
  expect(missing).toEqual([]);
});

test('JSON Schema and zod agree on specs with anything changed', { timeout: 60_000 }, () => {
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom(
      '8gb',
      '8GB',
      '8 gb',
      '1.5gb',
      'SHA256:x',
      'ssh://a@b',
      'unix://x',
      'redis',
      '',
      ' ',
      'primary',
      'Primary',
      'host',
      'bridge',
      0,
      1,
      -1,
      1.5,
      65535,
      65536,
      1024,
      null,
      true,
      [],
      {},
      { file: 'x' },
      { file: '../x' },
      { file: 'a', env: 'B' },
      { env: '1' },
      { mode: 'host' },
      { mode: 'host', subnet: 'x' },
      { mode: 'bridge', subnet: 'x' },
      { mode: 'x' },
      [''],
      ['~*', 1],
    ),
  );
  const key = fc.constantFrom(
    'name',
    'zone',
    'docker',
    'ssh',
    'tls',
    'address',
    'port',
    'busPort',
    'role',
    'rules',
    'password',
    'enabled',
    'memory',
    'cpus',
    'nofile',
    'image',
    'version',
    'config',
    'mode',
    'subnet',
    'network',
    'hosts',
    'nodes',
    'users',
    'policies',
    'parallelShards',
    'x',
  );
  fc.assert(
    fc.property(
      layouts,
      fc.array(fc.tuple(fc.nat(), key, value), { minLength: 1, maxLength: 3 }),
      (layout, edits) => {
        agree(changed(layout, edits));
      },
    ),
    { numRuns: runs(2000) },
  );
});

/** The layout with a field of some of its objects set; which object is drawn by number. */
function changed(layout: Layout, edits: readonly (readonly [number, string, unknown])[]): unknown {
  const copy = structuredClone(layout) as unknown;
  for (const [which, key, value] of edits) {
    const objects: Record<string, unknown>[] = [];
    const visit = (here: unknown): void => {
      if (typeof here !== 'object' || here === null) return;
      if (!Array.isArray(here)) objects.push(here as Record<string, unknown>);
      for (const child of Object.values(here)) visit(child);
    };
    visit(copy);
    const target = objects[which % objects.length];
    if (target !== undefined) target[key] = structuredClone(value);
  }
  return copy;
}
