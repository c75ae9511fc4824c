/**
 * Makes the description of GitHub's API that the fake GitHub of the tests goes by: the published OpenAPI document
 * (`@octokit/openapi`, MIT), cut down to the operations that are used and to what they refer to, without prose.
 *
 * The package unpacks to 400 MB, so it is no dependency. To make the file again, with a newer version for example:
 *
 *     cd "$(mktemp -d)" && npm pack @octokit/openapi@23.0.2 && tar xzf octokit-openapi-*.tgz
 *     node scripts/prune-github-description.ts <that folder>/package
 */
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { argv } from 'node:process';

const FIXTURES = join(import.meta.dirname, '../test/support/github/fixtures');

const OPERATIONS: ReadonlySet<string> = new Set([
  'apps/create-installation-access-token',
  'apps/get-authenticated',
  'apps/get-repo-installation',
  'checks/create',
  'checks/get',
  'checks/list-annotations',
  'checks/list-for-ref',
  'checks/update',
  'issues/create',
  'issues/create-comment',
  'issues/delete-comment',
  'issues/get',
  'issues/get-comment',
  'issues/list-comments',
  'issues/list-comments-for-repo',
  'issues/list-for-repo',
  'issues/update',
  'issues/update-comment',
  'pulls/get',
  'pulls/list',
  'pulls/list-reviews',
  'rate-limit/get',
  'reactions/create-for-issue-comment',
  'reactions/list-for-issue-comment',
  'repos/create-commit-status',
  'repos/get',
  'repos/get-collaborator-permission-level',
  'repos/get-combined-status-for-ref',
  'repos/list-commit-statuses-for-ref',
  'repos/list-pull-requests-associated-with-commit',
  'teams/get-membership-for-user-in-org',
  'users/get-authenticated',
]);

/** Prose and examples: nine tenths of the document, and nothing that is checked. */
const PROSE: ReadonlySet<string> = new Set([
  'description',
  'example',
  'examples',
  'externalDocs',
  'summary',
  'tags',
  'title',
  'x-github',
  'x-octokit',
]);

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Fields = Readonly<Record<string, Json>>;

function fieldsOf(value: Json | undefined): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** @param names whether the keys of this object are names of properties, among which `title` is no prose. */
function withoutProse(value: Json, names: boolean): Json {
  if (Array.isArray(value)) return value.map((each: Json) => withoutProse(each, false));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value as Fields).filter(([key]) => names || !PROSE.has(key));
  return Object.fromEntries(
    kept.map(([key, each]) => [key, withoutProse(each, !names && key === 'properties')]),
  );
}

function chosenPaths(paths: Fields): Record<string, Json> {
  const chosen = Object.entries(paths).flatMap(([path, item]): [string, Json][] => {
    const operations = Object.entries(fieldsOf(item)).filter(([, operation]) =>
      OPERATIONS.has(String(fieldsOf(operation)['operationId'])),
    );
    return operations.length === 0 ? [] : [[path, withoutProse(Object.fromEntries(operations), false)]];
  });
  return Object.fromEntries(chosen);
}

/** Everything that is referred to, and what that refers to. */
function referred(paths: Fields, components: Fields): Record<string, Record<string, Json>> {
  const found: Record<string, Record<string, Json>> = {};
  const visit = (value: Json): void => {
    for (const [, kind = '', name = ''] of JSON.stringify(value).matchAll(
      /"\$ref":"#\/components\/([^/"]+)\/([^"]+)"/g,
    )) {
      found[kind] ??= {};
      if (kind === 'examples' || found[kind][name] !== undefined) continue;
      const component = fieldsOf(components[kind])[name];
      if (component === undefined) throw new Error(`there is no ${kind}/${name}`);
      found[kind][name] = withoutProse(component, false);
      visit(found[kind][name]);
    }
  };
  visit(paths);
  return found;
}

/** One line for each path and component, in the order of their names, so that a newer version can be compared. */
function text(head: Fields, paths: Fields, components: Record<string, Fields>): string {
  const lines = (entries: Fields): string =>
    Object.entries(entries)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
      .join(',\n');
  const kinds = Object.entries(components).map(
    ([kind, entries]) => `${JSON.stringify(kind)}:{\n${lines(entries)}\n}`,
  );
  return `{\n${lines(head)},\n"paths":{\n${lines(paths)}\n},\n"components":{\n${kinds.join(',\n')}\n}\n}\n`;
}

const folder = argv[2];
if (folder === undefined) throw new Error('say where the package lies');
const whole = fieldsOf(JSON.parse(await readFile(join(folder, 'generated/api.github.com.json'), 'utf8')));
const paths = chosenPaths(fieldsOf(whole['paths']));
const present = JSON.stringify(paths);
const missing = [...OPERATIONS].filter((id) => !present.includes(`"operationId":"${id}"`));
if (missing.length > 0) throw new Error(`the document does not have ${missing.join(', ')}`);
const { version = '' } = fieldsOf(whole['info']);
const head = {
  openapi: whole['openapi'] ?? '',
  info: { title: 'GitHub REST API, pruned from @octokit/openapi', version, license: 'MIT' },
};
await writeFile(
  join(FIXTURES, 'api.github.com.json'),
  text(head, paths, referred(paths, fieldsOf(whole['components']))),
);
await copyFile(join(folder, 'LICENSE'), join(FIXTURES, 'LICENSE'));
