/** A JSON Patch without the secrets in it: even their keyed digests are left out, that they differ is what matters. */
import type { Operation } from 'fast-json-patch';
import { HIDDEN, isSecretDirective } from './directive-words.ts';

export function maskedPatch(operations: readonly Operation[]): Operation[] {
  return operations.map((operation) =>
    'value' in operation
      ? { ...operation, value: masked(operation.path.split('/').slice(1), operation.value) }
      : operation,
  );
}

/** @param path from the root of the document: `nodes`, name, `config` or `users`, key. */
function masked(path: readonly string[], value: unknown): unknown {
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, field]) => [key, masked([...path, key], field)]),
    );
  }
  const [top, , area, name = ''] = path;
  if (top !== 'nodes' || typeof value !== 'string') return value;
  if (area === 'config' && isSecretDirective(name)) return HIDDEN;
  return area === 'users' ? value.replace(/(?<=^| )#\S+/g, HIDDEN) : value;
}
