/** What is wrong with the form of a spec: the schema's own findings, in words that say what to write instead. */
import type { z } from 'zod';
import { clusterSpecSchema } from './cluster-spec.ts';
import { didYouMean } from './did-you-mean.ts';
import type { Finding } from './finding.ts';
import { pathText, type SpecPath } from './locate.ts';
import { fieldsOf, holdsSecrets, isSecretRef, schemaAt, unwrapped } from './schema-walk.ts';
import { printable } from './source-text.ts';

type Issue = z.core.$ZodIssue;

const SECRET_FORM = '`{ file: name-of-the-file }` or `{ env: NAME_OF_THE_VARIABLE }`';

/** What kind of file it is: its schema, and what it is called in a sentence. */
export interface FileForm {
  readonly schema: z.ZodObject;
  readonly noun: string;
}

const SPEC_FORM: FileForm = { schema: clusterSpecSchema, noun: 'spec' };

/** The findings of one issue: one for each unknown key, otherwise exactly one. */
export function structureFindings(issue: Issue, value: unknown, form: FileForm = SPEC_FORM): Finding[] {
  const path = issue.path as SpecPath;
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key, value, form));
  const actual = valueAt(value, path);
  const schema = schemaAt(path, value, form.schema);
  if (actual === undefined) return [missingField(path, schema, value, form)];
  const inReference = path.length > 0 && unwrappedIsSecret(schemaAt(path.slice(0, -1), value, form.schema));
  const finding = inReference
    ? {
        ...wrongValue(issue, path, actual, schema),
        code: 'invalid-secret-reference',
        hint: `write ${SECRET_FORM}`,
      }
    : wrongValue(issue, path, actual, schema);
  // What stands where a reference (or a section of them) belongs is likely a secret, and rules and directives may hold
  // one in any form: only the key is shown.
  const hidden = inReference || holdsSecrets(schema) || path.includes('config') || path.includes('rules');
  return [hidden ? { ...finding, evidence: `${lastKey(path)}: [hidden]` } : finding];
}

/** The value at a path of plain data. */
export function valueAt(value: unknown, path: SpecPath): unknown {
  let here = value;
  for (const part of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, part)) return undefined;
    here = (here as Record<string | number, unknown>)[part];
  }
  return here;
}

function unknownKey(path: SpecPath, key: string, value: unknown, form: FileForm): Finding {
  const fields = fieldsOf(schemaAt(path, value, form.schema));
  const place = path.length === 0 ? `a ${form.noun}` : `\`${pathText(path)}\``;
  return {
    severity: 'error',
    code: 'unknown-key',
    path: [...path, key],
    target: 'key',
    summary: `${place} has no field \`${printable(key)}\``,
    hint: `${didYouMean(key, fields)}its fields are ${fields.join(', ')}`,
  };
}

function missingField(
  path: SpecPath,
  schema: z.core.$ZodType | undefined,
  value: unknown,
  { noun }: FileForm,
): Finding {
  const field = lastKey(path);
  const owner = path.slice(0, -1);
  const present = Object.keys(valueAt(value, owner) ?? {});
  const meaning = schema === undefined ? undefined : descriptionOf(schema);
  return {
    severity: 'error',
    code: 'missing-field',
    path,
    // What is there instead shows which one is meant, and its keys are enough: values may be secrets.
    evidence: printable(`{ ${present.slice(0, 8).join(', ')}${present.length > 8 ? ', …' : ''} }`),
    summary: `${owner.length === 0 ? `the ${noun}` : `\`${pathText(owner)}\``} has no \`${field}\`, which is needed`,
    hint: `add \`${field}: …\`${meaning === undefined ? '' : ` (${lowerFirst(meaning)})`}`,
  };
}

function wrongValue(
  issue: Issue,
  path: SpecPath,
  actual: unknown,
  schema: z.core.$ZodType | undefined,
): Finding {
  const base = { severity: 'error', path } as const;
  const name = `\`${pathText(path)}\``;
  if (unwrappedIsSecret(schema)) {
    const literal = typeof actual !== 'object' || actual === null;
    return {
      ...base,
      code: literal ? 'literal-secret' : 'invalid-secret-reference',
      summary: literal
        ? `${name} must be a reference to a secret, not the secret`
        : `${name} is no reference to a secret`,
      hint: `write ${SECRET_FORM}${literal ? '; a value that was ever committed should be changed' : ''}`,
    };
  }
  if (actual === null) {
    return {
      ...base,
      code: 'empty-value',
      summary: `${name} has no value`,
      hint: 'remove it, or give it one',
    };
  }
  switch (issue.code) {
    case 'invalid_type':
      return {
        ...base,
        code: 'wrong-type',
        summary: `${name} must be ${article(issue.expected)}, and is ${kindOf(actual)}`,
        hint: typeHint(issue.expected),
      };
    case 'invalid_value': {
      const options = issue.values.map(String);
      return { ...base, code: 'invalid-value', ...choice(name, actual, options) };
    }
    case 'too_small':
    case 'too_big':
      return { ...base, code: 'out-of-range', ...bounds(issue, name) };
    case 'invalid_format':
      return {
        ...base,
        code: 'invalid-form',
        summary: `${name} ${issue.message}`,
        hint: descriptionHint(schema),
      };
    case 'invalid_union':
      if ('options' in issue && Array.isArray(issue.options)) {
        return { ...base, code: 'invalid-value', ...choice(name, actual, issue.options.map(String)) };
      }
      return {
        ...base,
        code: 'wrong-type',
        summary: `${name} ${issue.message}, and is ${kindOf(actual)}`,
        hint: descriptionHint(schema),
      };
    default:
      return {
        ...base,
        code: 'invalid-value',
        summary: `${name}: ${issue.message}`,
        hint: descriptionHint(schema),
      };
  }
}

function choice(
  name: string,
  actual: unknown,
  options: readonly string[],
): Pick<Finding, 'summary' | 'hint'> {
  const shown = options.map((option) => `\`${option}\``);
  if (shown.length === 1) return { summary: `${name} must be ${shown[0]}`, hint: `write ${shown[0]}` };
  return {
    summary: `${name} must be one of ${shown.join(', ')}`,
    hint: `${didYouMean(String(actual), options)}choose one of ${shown.join(', ')}`,
  };
}

function bounds(
  issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig,
  name: string,
): Pick<Finding, 'summary' | 'hint'> {
  const least = issue.code === 'too_small';
  const bound = least ? issue.minimum : issue.maximum;
  const than = least ? (issue.inclusive === false ? 'more than' : 'at least') : 'at most';
  if (issue.origin === 'array') return { summary: `${name} needs ${than} ${bound} entry`, hint: `add one` };
  if (issue.origin === 'string')
    return { summary: `${name} must have ${than} ${bound} character`, hint: 'give it a value' };
  return { summary: `${name} must be ${than} ${bound}`, hint: `write a number that is ${than} ${bound}` };
}

function article(expected: string): string {
  switch (expected) {
    case 'object':
    case 'record':
      return 'a map of fields';
    case 'array':
      return 'a list';
    case 'int':
      return 'a whole number';
    case 'string':
      return 'text';
    case 'boolean':
      return '`true` or `false`';
    default:
      return `a ${expected}`;
  }
}

function typeHint(expected: string): string {
  switch (expected) {
    case 'string':
      return 'put the value in quotes if it is meant as text';
    case 'array':
      return 'begin each entry with `- `';
    case 'object':
    case 'record':
      return 'write its fields below it, indented by two blanks: `name: value`';
    default:
      return `write ${article(expected)}, without quotes`;
  }
}

function kindOf(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map of fields';
  if (typeof value === 'string') return 'text';
  return typeof value === 'number' ? 'a number' : `\`${String(value)}\``;
}

function unwrappedIsSecret(schema: z.core.$ZodType | undefined): boolean {
  return schema !== undefined && isSecretRef(schema);
}

function descriptionHint(schema: z.core.$ZodType | undefined): string {
  const description = schema === undefined ? undefined : descriptionOf(schema);
  return description === undefined ? 'change the value' : lowerFirst(description);
}

/** The nearest description: of the field itself, or of what it wraps. */
function descriptionOf(schema: z.core.$ZodType): string | undefined {
  return (schema as z.ZodType).description ?? (unwrapped(schema) as z.ZodType).description;
}

function lastKey(path: SpecPath): string {
  return String(path.at(-1) ?? 'spec');
}

/** For the middle of a sentence; names and abbreviations stay as they are. */
function lowerFirst(text: string): string {
  return text.replace(/^[A-Z](?=[a-z]*(?:[\s,.:;(]|$))/, (letter) => letter.toLowerCase());
}
