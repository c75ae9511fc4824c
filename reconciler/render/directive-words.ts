/** Directives and their values as people may see them: sizes with a unit, secrets not at all. */
import { findDirective } from '../../spec-schema/directives.ts';
import { escapeUnprintable } from '../../spec-schema/source-text.ts';
import { bytes } from './quantities.ts';

/** What stands wherever a secret would. The keyed digests of the documents say nothing to a reader either. */
export const HIDDEN = '[secret]';

const SECRET_DIRECTIVES: ReadonlySet<string> = new Set([
  'masterauth',
  'requirepass',
  'tls-key-file-pass',
  'tls-client-key-file-pass',
]);

export function isSecretDirective(name: string): boolean {
  return SECRET_DIRECTIVES.has(name.toLowerCase());
}

/** `100663296 (96 MiB)`, `everysec`, `""`; `not set` for a value that is not there. */
export function directiveValue(name: string, value: string | undefined): string {
  if (isSecretDirective(name)) return HIDDEN;
  if (value === undefined) return 'not set';
  if (value === '') return '""';
  const memory = findDirective(name)?.type.kind === 'memory' && /^\d+$/.test(value);
  const size = Number(value);
  return memory && size >= 1024 ? `${value} (${bytes(size)})` : escapeUnprintable(value);
}

/** The directives with every secret replaced. */
export function withoutSecrets(config: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [name, isSecretDirective(name) ? HIDDEN : value]),
  );
}

/** The directives with their values as people read them. */
export function valuesInWords(config: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [name, directiveValue(name, value)]),
  );
}
