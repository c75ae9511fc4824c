/** The references of `cluster.yaml` and of the policy as Markdown, made from the schemas so that they cannot fall behind. */
import { z } from 'zod';
import { byteSizeSchema, clusterSpecSchema } from './cluster-spec.ts';
import { POLICY_PATH, policySchema } from './policy/policy.ts';
import { isCopyOf, isSecretRef, unwrapped } from './schema-walk.ts';

type Schema = z.core.$ZodType;

/** One table for the spec itself and one for each group of fields in it, in the order of the schema. */
export function specReference(): string {
  const sections: string[] = [];
  describeObject(clusterSpecSchema, '', 'cluster.yaml', sections);
  return `${sections.join('\n\n')}\n`;
}

/** The same for `redisforge.policy.yaml`. */
export function policyReference(): string {
  const sections: string[] = [];
  describeObject(policySchema, '', POLICY_PATH, sections);
  return `${sections.join('\n\n')}\n`;
}

/** A document with each reference between its two markers brought up to date; undefined when it has none of them. */
export function withReferences(markdown: string): string | undefined {
  const withSpec = between('spec-reference', markdown, specReference());
  return between('policy-reference', withSpec ?? markdown, policyReference()) ?? withSpec;
}

function between(marker: string, markdown: string, reference: string): string | undefined {
  const opening = `<!-- ${marker} -->`;
  const start = markdown.indexOf(opening);
  const end = markdown.indexOf(`<!-- /${marker} -->`);
  if (start === -1 || end < start) return undefined;
  return `${markdown.slice(0, start + opening.length)}\n\n${reference}\n${markdown.slice(end)}`;
}

function describeObject(schema: z.ZodObject, prefix: string, title: string, sections: string[]): void {
  const groups: [z.ZodObject, string, string][] = [];
  const rows = fieldsIn(schema, prefix).map(([path, value]) => {
    groups.push(...objectsIn(value, path));
    return `| \`${path}\` | ${typeOf(value)} | ${defaultOf(value)} | ${cell(meaning(value))} |`;
  });
  sections.push(
    [`#### ${title}`, '', '| Field | Type | Default | Meaning |', '| --- | --- | --- | --- |', ...rows].join(
      '\n',
    ),
  );
  for (const [group, path, name] of groups) describeObject(group, path, name, sections);
}

/** The fields with their paths. A group of a single field has no table of its own. */
function fieldsIn(schema: z.ZodObject, prefix: string): [string, Schema][] {
  return Object.entries(schema.shape).flatMap(([field, value]): [string, Schema][] => {
    const path = prefix === '' ? field : `${prefix}.${field}`;
    return value instanceof z.ZodObject && Object.keys(value.shape).length === 1
      ? fieldsIn(value, path)
      : [[path, value]];
  });
}

/** The groups of fields that a field leads to, each with the path of its fields and its title. */
function objectsIn(schema: Schema, path: string): [z.ZodObject, string, string][] {
  const inner = unwrapped(schema);
  if (isSecretRef(inner)) return [];
  if (inner instanceof z.ZodObject) return [[inner, path, `\`${path}\``]];
  if (inner instanceof z.ZodArray) return objectsIn(inner.element, `${path}[]`);
  if (!(inner instanceof z.ZodDiscriminatedUnion)) return [];
  return inner.options.flatMap((option): [z.ZodObject, string, string][] => {
    if (!(option instanceof z.ZodObject)) return [];
    const field = inner.def.discriminator;
    return [[option, path, `\`${path}\` with \`${field}: ${literalOf(option.shape[field])}\``]];
  });
}

function typeOf(schema: Schema): string {
  const inner = unwrapped(schema);
  if (isSecretRef(inner)) return 'secret reference';
  if (isCopyOf(inner, byteSizeSchema)) return 'size (`256mb`)';
  if (inner instanceof z.ZodLiteral) return `\`${literalOf(inner)}\``;
  if (inner instanceof z.ZodEnum) return inner.options.map((option) => `\`${option}\``).join(', ');
  if (inner instanceof z.ZodArray)
    return `list${inner.element instanceof z.ZodObject ? '' : ` of ${typeOf(inner.element)}`}`;
  if (inner instanceof z.ZodRecord) return 'directives';
  if (inner instanceof z.ZodObject || inner instanceof z.ZodDiscriminatedUnion) return 'fields';
  if (inner instanceof z.ZodUnion) {
    return [...new Set(inner.options.map((option) => typeOf(option)))].join(' or ');
  }
  if (inner instanceof z.ZodNumber) return numberType(inner);
  return inner instanceof z.ZodBoolean ? '`true`, `false`' : 'text';
}

function numberType(schema: z.ZodNumber): string {
  const whole = schema.format === 'safeint';
  const bounded = (bound: number | null): bound is number =>
    bound !== null && Math.abs(bound) < Number.MAX_SAFE_INTEGER;
  const least = bounded(schema.minValue) ? schema.minValue : undefined;
  const most = bounded(schema.maxValue) ? schema.maxValue : undefined;
  const bounds =
    most !== undefined
      ? `, ${least ?? ''} to ${most}`
      : least !== undefined && least > 0
        ? `, ${least} or more`
        : '';
  return `${whole ? 'whole number' : 'number'}${bounds}`;
}

function defaultOf(schema: Schema): string {
  if (schema instanceof z.ZodDefault) return shown(schema.def.defaultValue);
  if (schema instanceof z.ZodPrefault) return shown(schema.def.defaultValue);
  return schema instanceof z.ZodOptional ? '' : '**required**';
}

function shown(value: unknown): string {
  if (typeof value !== 'object' || value === null) return `\`${String(value)}\``;
  const fields = Object.entries(value);
  if (Array.isArray(value) || fields.length === 0) return 'none';
  return fields.map(([field, content]) => `\`${field}: ${String(content)}\``).join(', ');
}

function literalOf(schema: unknown): string {
  return schema instanceof z.ZodLiteral ? [...schema.values].join(', ') : '';
}

function meaning(schema: Schema): string {
  return (schema as z.ZodType).description ?? (unwrapped(schema) as z.ZodType).description ?? '';
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
