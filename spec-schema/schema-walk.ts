/** Questions to the schema itself: what stands at a path, which fields are known there, where secrets belong. */
import { z } from 'zod';
import { clusterSpecSchema, secretRefSchema } from './cluster-spec.ts';
import type { SpecPath } from './locate.ts';

/** A schema without its wrappers for defaults and absence. */
export function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  let inner = schema;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault) {
    inner = inner.def.innerType;
  }
  return inner;
}

/**
 * The schema of the value at a path, by default in a spec. Where the form depends on a field (`network.mode`), `value` decides; undefined
 * where the schema knows nothing.
 */
export function schemaAt(
  path: SpecPath,
  value: unknown,
  root: z.ZodObject = clusterSpecSchema,
): z.core.$ZodType | undefined {
  let schema: z.core.$ZodType | undefined = root;
  let here = value;
  for (const part of path) {
    schema = childSchema(unwrapped(schema), part, here);
    if (schema === undefined) return undefined;
    here = typeof here === 'object' && here !== null ? (here as Record<string, unknown>)[part] : undefined;
  }
  return chosen(unwrapped(schema), here);
}

/** Names of the fields that an object may have; none for anything else. */
export function fieldsOf(schema: z.core.$ZodType | undefined): readonly string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

/** Whether it is a reference to a secret, whatever its description (each of which makes a copy of the schema). */
export function isSecretRef(schema: z.core.$ZodType): boolean {
  return isCopyOf(schema, secretRefSchema);
}

/** Whether two schemas differ in their wrappers and descriptions at most. */
export function isCopyOf(schema: z.core.$ZodType, original: z.core.$ZodType): boolean {
  return unwrapped(schema)._zod.def === original._zod.def;
}

/** Whether secrets belong anywhere below: what stands there instead may be one, and is not repeated in evidence. */
export function holdsSecrets(schema: z.core.$ZodType | undefined): boolean {
  if (schema === undefined) return false;
  const inner = unwrapped(schema);
  if (isSecretRef(inner)) return true;
  if (inner instanceof z.ZodObject) return Object.values(inner.shape).some((field) => holdsSecrets(field));
  return inner instanceof z.ZodArray && holdsSecrets(inner.element);
}

function childSchema(
  schema: z.core.$ZodType,
  part: string | number,
  value: unknown,
): z.core.$ZodType | undefined {
  const form = chosen(schema, value);
  if (form instanceof z.ZodObject) return Object.hasOwn(form.shape, part) ? form.shape[part] : undefined;
  if (form instanceof z.ZodArray) return form.element;
  if (form instanceof z.ZodRecord) return form.valueType;
  return undefined;
}

/** The option of a discriminated union that the value asks for; other schemas as they are. */
function chosen(schema: z.core.$ZodType, value: unknown): z.core.$ZodType {
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return schema;
  const field = schema.def.discriminator;
  const asked =
    typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[field] : undefined;
  const option = schema.options.find((candidate) => {
    const literal = candidate instanceof z.ZodObject ? candidate.shape[field] : undefined;
    return literal instanceof z.ZodLiteral && literal.values.has(asked as string);
  });
  return option ?? schema;
}
