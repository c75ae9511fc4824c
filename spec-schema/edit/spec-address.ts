/** Addresses of values as people write them: `nodes.orders-1.resources.memory`, entries of lists by their name. */
import { z } from 'zod';
import { didYouMean } from '../did-you-mean.ts';
import { findDirective } from '../directives.ts';
import { pathText, type SpecPath } from '../locate.ts';
import { isSecretRef, schemaAt, unwrapped } from '../schema-walk.ts';
import { printable } from '../source-text.ts';
import { valueAt } from '../structure.ts';
import { type NotEdited, refused } from './edited.ts';

/** A value that may be set: where it is, or would be, and what the schema says of it. */
export interface Addressed {
  readonly path: SpecPath;
  readonly schema: z.core.$ZodType;
}

type Schema = z.core.$ZodType;
/** Numbers come from brackets alone: a name may consist of digits. */
type Step = string | number;

/**
 * @param address `a.b`, `a["b.c"]`, `a[0]`: as problems name their subject, and with names for numbers.
 * @param plain the file as plain data.
 */
export function resolveAddress(address: string, plain: unknown, file: string): Addressed | NotEdited {
  const steps = stepsOf(address);
  if (steps === undefined)
    return refused(
      file,
      'invalid-path',
      `\`${printable(address)}\` is no path`,
      'write names with dots between them, for example redis.config.maxmemory or nodes.orders-1.resources.memory',
    );
  const path: (string | number)[] = [];
  for (const step of steps) {
    const next = take(step, path, plain, file);
    if (typeof next === 'object') return next;
    path.push(next);
  }
  const schema = schemaAt(path, plain) ?? secretField(path, plain);
  if (schema === undefined) return unknown(path, path.at(-1) ?? '', [], file);
  const inside = partsOf(unwrapped(schema));
  return inside === undefined ? { path, schema } : noValue(path, schema, inside, file);
}

function stepsOf(address: string): Step[] | undefined {
  const steps: Step[] = [];
  const pattern = /(?:^|\.)([^.[\]"]+)|\[(\d{1,6})\]|\["((?:[^"\\]|\\.)*)"\]/gy;
  let at = 0;
  for (const match of address.matchAll(pattern)) {
    at = match.index + match[0].length;
    if (match[2] !== undefined) steps.push(Number(match[2]));
    else steps.push(match[1] ?? (match[3] ?? '').replace(/\\(.)/g, '$1'));
  }
  return at === address.length && steps.length > 0 ? steps : undefined;
}

/** The key or index that a step means; or why there is none. */
function take(step: Step, path: SpecPath, plain: unknown, file: string): string | number | NotEdited {
  const schema = schemaAt(path, plain);
  const form = schema === undefined ? undefined : unwrapped(schema);
  if (form instanceof z.ZodArray) return itemOf(step, path, plain, file);
  if (form instanceof z.ZodRecord) return keyOfDirective(String(step), valueAt(plain, path));
  const fields = form === undefined ? undefined : partsOf(form);
  if (fields?.includes(String(step)) === true) return String(step);
  return unknown(path, step, fields ?? [], file);
}

function itemOf(step: Step, path: SpecPath, plain: unknown, file: string): number | NotEdited {
  const list = valueAt(plain, path);
  const items: unknown[] = Array.isArray(list) ? list : [];
  const names = items.map((item) => nameOf(item));
  const index = typeof step === 'number' ? step : names.indexOf(step);
  if (index >= 0 && index < items.length) return index;
  const known = names.filter((name) => name !== undefined);
  const what = pathText(path);
  return refused(
    file,
    'unknown-entry',
    `there is no \`${printable(String(step))}\` among the ${what}`,
    `${didYouMean(String(step), known)}${known.length === 0 ? 'the list is empty; add the entry by hand' : `${what} are ${listed(known)}`}`,
  );
}

function nameOf(item: unknown): string | undefined {
  const name = typeof item === 'object' && item !== null ? (item as { name?: unknown }).name : undefined;
  return typeof name === 'string' ? name : undefined;
}

/** A directive that is there already may be written by another of its names. */
function keyOfDirective(wanted: string, config: unknown): string {
  const directive = findDirective(wanted);
  const written = Object.keys(typeof config === 'object' && config !== null ? config : {});
  return (
    written.find((key) => key === wanted || (directive !== undefined && findDirective(key) === directive)) ??
    wanted
  );
}

/** Names of what is inside of a value of that form; undefined for a value that has no inside. */
function partsOf(form: Schema): readonly string[] | undefined {
  if (form instanceof z.ZodObject) return Object.keys(form.shape);
  if (form instanceof z.ZodArray || form instanceof z.ZodRecord) return [];
  if (!(form instanceof z.ZodUnion)) return undefined;
  const options = form.options.map((option) => partsOf(unwrapped(option)));
  // Text or a list of texts may be set as text.
  return options.includes(undefined) ? undefined : [...new Set(options.flatMap((parts) => parts ?? []))];
}

/** A field of a reference to a secret, which is one of two forms: no schema walk knows which. */
function secretField(path: SpecPath, plain: unknown): Schema | undefined {
  const owner = schemaAt(path.slice(0, -1), plain);
  return owner !== undefined && isSecretRef(owner) ? z.string() : undefined;
}

function unknown(path: SpecPath, step: Step, fields: readonly string[], file: string): NotEdited {
  const place = path.length === 0 ? 'a spec' : `\`${pathText(path)}\``;
  return refused(
    file,
    'unknown-path',
    `${place} has no field \`${printable(String(step))}\``,
    fields.length === 0
      ? `${place} is a single value`
      : `${didYouMean(String(step), fields)}its fields are ${fields.join(', ')}`,
  );
}

function noValue(path: SpecPath, schema: Schema, fields: readonly string[], file: string): NotEdited {
  const name = pathText(path);
  if (isSecretRef(schema)) {
    return refused(
      file,
      'literal-secret',
      `\`${name}\` is a reference to a secret, not the secret`,
      `set ${name}.file to the name of a file, or ${name}.env to that of an environment variable`,
    );
  }
  const isList = unwrapped(schema) instanceof z.ZodArray;
  return refused(
    file,
    'not-a-value',
    `\`${name}\` is ${isList ? 'a list' : 'a map of fields'}, not a single value`,
    isList
      ? `name one of its entries and a field: ${name}.NAME.FIELD`
      : `name one of its fields: ${fields.length === 0 ? `${name}.DIRECTIVE` : fields.map((field) => `${name}.${field}`).join(', ')}`,
  );
}

function listed(names: readonly string[]): string {
  return names.length > 8 ? `${names.slice(0, 8).join(', ')}, …` : names.join(', ');
}
