/** GitHub's description of its API: which operation a request is, and whether request and answer are as it says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { withNullTypes } from './null-types.ts';

// biome-ignore lint/suspicious/noExplicitAny: A JSON document of which only the parts that are used are looked at.
type Loose = any;

export interface Operation {
  readonly id: string;
  readonly method: string;
  readonly template: string;
  /** Values of the path's parameters, decoded. */
  readonly path: Readonly<Record<string, string>>;
}

interface Route {
  readonly id: string;
  readonly method: string;
  readonly template: string;
  readonly pattern: RegExp;
  readonly names: readonly string[];
  readonly definition: Loose;
}

/** What any operation may answer, whether or not the description of that operation says so. */
const ANYWHERE: ReadonlySet<number> = new Set([301, 304, 307, 401, 403, 404, 429, 500, 502, 503]);

const DOCUMENT = join(import.meta.dirname, 'fixtures/api.github.com.json');

export class GithubDescription {
  readonly #document: Loose;
  readonly #routes: readonly Route[];
  readonly #ajv: Ajv;
  /** A validator takes some milliseconds to make, and a test uses few of them. */
  readonly #validators = new Map<string, ValidateFunction>();

  constructor() {
    this.#document = withNullTypes(corrected(JSON.parse(readFileSync(DOCUMENT, 'utf8'))));
    this.#ajv = new Ajv({ strict: false, allErrors: true, coerceTypes: false });
    addFormats.default(this.#ajv);
    this.#ajv.addSchema(this.#document, 'github');
    this.#routes = Object.entries<Loose>(this.#document.paths).flatMap(([template, item]) =>
      Object.entries<Loose>(item).map(([method, definition]) => ({
        ...patternOf(template),
        id: definition.operationId,
        method: method.toUpperCase(),
        template,
        definition,
      })),
    );
  }

  /** The operation of a request; undefined when none that is described (and used by RedisForge) fits. */
  operation(method: string, pathname: string): Operation | undefined {
    for (const { id, template, pattern, names, method: own } of this.#routes) {
      const match = own === method ? pattern.exec(pathname) : null;
      if (match === null) continue;
      const path = Object.fromEntries(
        names.map((name, index) => [name, decodeURIComponent(match[index + 1] ?? '')]),
      );
      return { id, method, template, path };
    }
    return undefined;
  }

  /** What of a request is not as described: parameters, query, body. */
  requestErrors(operation: Operation, query: URLSearchParams, body: unknown): string[] {
    const { definition, template, method } = this.#routeOf(operation);
    const parameters: Loose[] = (definition.parameters ?? []).map((each: Loose) => this.#resolved(each));
    const errors = parameters.flatMap((parameter, index) => {
      if (parameter.in === 'path')
        return this.#valueErrors(`${operation.id} path ${index}`, parameter, operation.path[parameter.name]);
      if (parameter.in !== 'query') return [];
      const value = query.get(parameter.name);
      if (value === null) return parameter.required ? [`query ${parameter.name} is missing`] : [];
      return this.#valueErrors(`${operation.id} query ${index}`, parameter, value);
    });
    const known = new Set(parameters.filter((each) => each.in === 'query').map((each) => each.name));
    for (const name of query.keys()) if (!known.has(name)) errors.push(`query ${name} is not described`);
    const content = definition.requestBody?.content?.['application/json'];
    if (content === undefined) return body === undefined ? errors : [...errors, 'a body is not described'];
    if (body === undefined) {
      return definition.requestBody.required ? [...errors, 'the body is missing'] : errors;
    }
    const place = `${pointer(template)}/${method.toLowerCase()}/requestBody/content/application~1json/schema`;
    const properties = this.#resolved(content.schema).properties ?? {};
    const strangers = Object.keys(body as object).filter((name) => properties[name] === undefined);
    return [
      ...errors,
      ...strangers.map((name) => `body ${name} is not described`),
      ...this.#check(`github#/paths/${place}`, body),
    ];
  }

  /** What of an answer is not as described. */
  answerErrors(operation: Operation, status: number, body: unknown): string[] {
    const { definition, template, method } = this.#routeOf(operation);
    const response = definition.responses[String(status)];
    if (response === undefined) {
      return ANYWHERE.has(status) ? [] : [`status ${status} is not described`];
    }
    const resolved = this.#resolved(response);
    if (resolved.content?.['application/json'] === undefined) {
      return body === undefined ? [] : [`status ${status} has no body`];
    }
    const start =
      response.$ref === undefined
        ? `/paths/${pointer(template)}/${method.toLowerCase()}/responses/${status}`
        : String(response.$ref).slice(1);
    return this.#check(`github#${start}/content/application~1json/schema`, body);
  }

  #routeOf(operation: Operation): Route {
    const route = this.#routes.find(({ id }) => id === operation.id);
    if (route === undefined) throw new Error(`${operation.id} is not described`);
    return route;
  }

  #resolved(value: Loose): Loose {
    if (typeof value?.$ref !== 'string') return value;
    const steps = value.$ref.slice(2).split('/');
    return this.#resolved(steps.reduce((at: Loose, step: string) => at[step], this.#document));
  }

  /** A parameter comes as text; whether it is a number or a truth is a matter of its schema. */
  #valueErrors(key: string, parameter: Loose, text: string | undefined): string[] {
    const { type } = this.#resolved(parameter.schema);
    const value = type === 'integer' ? Number(text) : type === 'boolean' ? text === 'true' : text;
    let validate = this.#validators.get(key);
    if (validate === undefined) {
      const schema = JSON.stringify(parameter.schema).replaceAll('"#/', '"github#/');
      validate = this.#ajv.compile(JSON.parse(schema));
      this.#validators.set(key, validate);
    }
    return validate(value) ? [] : [`${parameter.name}: ${this.#ajv.errorsText(validate.errors)}`];
  }

  #check(reference: string, value: unknown): string[] {
    let validate = this.#validators.get(reference);
    if (validate === undefined) {
      validate = this.#ajv.compile({ $ref: reference });
      this.#validators.set(reference, validate);
    }
    if (validate(value)) return [];
    return (validate.errors ?? []).slice(0, 5).map((each) => `${each.instancePath} ${each.message}`);
  }
}

/** Where GitHub itself does not do as it describes: the repository of a head is null once the fork was deleted. */
function corrected(document: Loose): Loose {
  for (const name of ['pull-request', 'pull-request-simple']) {
    const { properties } = document.components.schemas[name].properties.head;
    properties.repo = { nullable: true, allOf: [properties.repo] };
  }
  return document;
}

function patternOf(template: string): { pattern: RegExp; names: readonly string[] } {
  const names = [...template.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const pattern = template.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '([^/]+)');
  return { pattern: new RegExp(`^${pattern}$`), names };
}

function pointer(template: string): string {
  return encodeURIComponent(template.replaceAll('~', '~0').replaceAll('/', '~1'));
}
