/** One value of a file, set by its address. */
import type { z } from 'zod';
import { pathText, type SpecPath } from '../locate.ts';
import { isSecretRef, schemaAt } from '../schema-walk.ts';
import { printable } from '../source-text.ts';
import { valueAt } from '../structure.ts';
import {
  type Edited,
  type EditResult,
  judged,
  type NotEdited,
  type Original,
  plainOf,
  refused,
} from './edited.ts';
import { changeEntries, type NewValue } from './entries.ts';
import { type Scalar, scalarFrom } from './scalar-text.ts';
import { resolveAddress } from './spec-address.ts';
import { spliced } from './splices.ts';
import { sourceAt, type YamlSource, yamlSource } from './yaml-source.ts';

/**
 * Sets the value at an address (`redis.config.maxmemory`) to what a text from the command line means there. The file
 * need not be valid, only the result must be: so a value can be put right too.
 */
export function setValue(original: Original, address: string, text: string): EditResult {
  const { file } = original;
  const plain = plainOf(original.text, file);
  const source = yamlSource(original.text);
  // What is wrong with its syntax is told by reading it.
  if (plain === undefined || source === undefined) return judged(original, original.text, plain, []);
  const target = resolveAddress(address, plain, file);
  if ('ok' in target) return target;
  const { path, schema } = target;
  const before = valueAt(plain, path);
  const value = valueFor(schema, text, isQuoted(source, path));
  if (path[0] === 'nodes' && path.length === 3 && path[2] === 'host' && before !== value)
    return needsMove(file, path, plain, text);
  if (before === value) return unchanged(original, path, value);
  const goal = goalOf(path, plain, value);
  const changed = withValue(source, goal.path, goal.value);
  if (changed === undefined)
    return refused(
      file,
      'edit-not-possible',
      `\`${pathText(path)}\` is not written out in the file: an alias stands for it or for what it is in, or a list or map is there`,
      'write it out, or make the change by hand',
    );
  return judged(original, changed, withPlain(plain, goal.path, goal.value), [
    `${address}: ${before === undefined ? 'not set' : shown(before)} -> ${shown(value)}`,
  ]);
}

/** What is given is read as it would be in the file, unless the schema wants text, or text is there in quotes. */
function valueFor(schema: z.core.$ZodType, text: string, isQuoted: boolean): Scalar {
  const value = scalarFrom(text);
  const accepts = (candidate: Scalar): boolean => (schema as z.ZodType).safeParse(candidate).success;
  return accepts(text) && (isQuoted || !accepts(value)) ? text : value;
}

function isQuoted({ root }: YamlSource, path: SpecPath): boolean {
  const present = sourceAt(root, path);
  return present?.kind === 'scalar' && (present.style === 'single' || present.style === 'double');
}

function needsMove(file: string, path: SpecPath, plain: unknown, to: string): NotEdited {
  const name = valueAt(plain, [...path.slice(0, 2), 'name']);
  return refused(
    file,
    'host-of-node',
    `the host of ${typeof name === 'string' ? name : 'a node'} cannot be set: a node is its container and its volume on one host`,
    `\`redisforge move ${typeof name === 'string' ? name : 'NODE'} --to ${printable(to)}\` puts a new node in its place, which takes its data over`,
  );
}

function unchanged(original: Original, path: SpecPath, value: Scalar): Edited {
  return {
    ok: true,
    text: original.text,
    notes: [`${pathText(path)} is ${shown(value)} already`],
    warnings: [],
  };
}

/** A reference to a secret that takes its other form (`file`, `env`) is written anew as a whole. */
function goalOf(path: SpecPath, plain: unknown, value: Scalar): { path: SpecPath; value: NewValue } {
  const [owner, field] = [path.slice(0, -1), String(path.at(-1))];
  const schema = schemaAt(owner, plain);
  const before = valueAt(plain, owner);
  const takesOther =
    schema !== undefined && isSecretRef(schema) && isMap(before) && !Object.hasOwn(before, field);
  return takesOther ? { path: owner, value: { [field]: value } } : { path, value };
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined where the place cannot be reached in the text. */
function withValue(source: YamlSource, path: SpecPath, value: NewValue): string | undefined {
  const present = sourceAt(source.root, path);
  const isExpected = present === undefined || present.kind === (typeof value === 'object' ? 'map' : 'scalar');
  if (!isExpected) return undefined;
  for (let depth = path.length - 1; depth >= 0; depth -= 1) {
    const map = sourceAt(source.root, path.slice(0, depth));
    if (map === undefined) continue;
    const keys = path.slice(depth);
    // `config:` with nothing behind it is a map to be.
    if (map.kind === 'scalar' && map.style === 'empty') continue;
    if (map.kind !== 'map') return undefined;
    const [key, ...inner] = keys.map(String);
    const content = inner.reduceRight<NewValue>((held, name) => ({ [name]: held }), value);
    return spliced(source.text, changeEntries(source, map, { [key as string]: content }));
  }
  return undefined;
}

function withPlain(plain: unknown, path: SpecPath, value: NewValue): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (Array.isArray(plain))
    return plain.map((item: unknown, index) => (index === step ? withPlain(item, rest, value) : item));
  const map = isMap(plain) ? plain : {};
  return { ...map, [step]: withPlain(map[step], rest, value) };
}

function shown(value: unknown): string {
  return value === '' ? "''" : printable(typeof value === 'object' ? JSON.stringify(value) : String(value));
}
