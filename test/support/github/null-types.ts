/**
 * OpenAPI 3.0 says `nullable: true` where JSON Schema says that the type may also be `null`. Ajv knows `nullable`, but only
 * beside a `type`, and GitHub's description has it beside references and alternatives too.
 */
type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Fields = { readonly [key: string]: Json };

export function withNullTypes(value: Json): Json {
  if (Array.isArray(value)) return value.map(withNullTypes);
  if (typeof value !== 'object' || value === null) return value;
  const { nullable, ...rest } = value as Fields;
  const inner = Object.fromEntries(Object.entries(rest).map(([key, each]) => [key, withNullTypes(each)]));
  // A property that has the name is no key word.
  if (typeof nullable === 'object') return { ...inner, nullable: withNullTypes(nullable) };
  return nullable === true ? orNull(inner) : inner;
}

function orNull(schema: Fields): Fields {
  const { type, enum: values } = schema;
  if (typeof type !== 'string') return { anyOf: [{ type: 'null' }, schema] };
  const all = Array.isArray(values) ? { enum: values.includes(null) ? values : [...values, null] } : {};
  return { ...schema, ...all, type: [type, 'null'] };
}
