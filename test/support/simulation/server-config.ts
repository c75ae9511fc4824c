/** A simulated server's configuration: read from redis.conf, changed by CONFIG SET, written back by CONFIG REWRITE. */
import { DIRECTIVES } from '../../../spec-schema/directive-table.ts';
import {
  canonicalValue,
  changesLive,
  type Directive,
  findDirective,
} from '../../../spec-schema/directives.ts';

const DEFAULTS: ReadonlyMap<string, string> = new Map(
  DIRECTIVES.filter(({ type }) => type.kind !== 'file-only').map((directive) => [
    directive.name,
    directive.default,
  ]),
);

/** What `@DATA@` in a delivered file stands for. */
export const DATA_DIRECTORY = '/data';

/** Reading values is the same work for every node of a fleet; the answers never change. */
const remembered = new Map<string, ReturnType<typeof canonicalValue>>();

function canonical(directive: Directive, value: string): ReturnType<typeof canonicalValue> {
  const key = `${directive.name}\n${value}`;
  let result = remembered.get(key);
  if (result === undefined) {
    result = canonicalValue(directive, value);
    if (remembered.size < 10_000) remembered.set(key, result);
  }
  return result;
}

export class ServerConfig {
  /** Grows with every change. */
  version = 0;
  readonly #values = new Map<string, string>();
  #lines: readonly string[];
  #asked: { version: number; directives: readonly string[]; answer: Record<string, string> } | null = null;

  /** @throws Error with the server's complaint when it would not start with this file. */
  constructor(text: string) {
    this.#lines = text.split('\n');
    for (const [index, line] of this.#lines.entries()) {
      const entry = readLine(line);
      if (entry === undefined) continue;
      const directive = findDirective(entry.name);
      if (directive === undefined) {
        throw new Error(
          `*** FATAL CONFIG FILE ERROR *** line ${index + 1}: '${line}': Bad directive or wrong number of arguments`,
        );
      }
      if (directive.type.kind === 'file-only') continue;
      const before = directive.type.kind === 'save' ? this.#values.get(directive.name) : undefined;
      const written = entry.value.replaceAll('@DATA@', DATA_DIRECTORY);
      const result = canonical(directive, before && written ? `${before} ${written}` : written);
      if (!result.ok)
        throw new Error(
          `*** FATAL CONFIG FILE ERROR *** line ${index + 1}: '${line}': argument ${result.reason}`,
        );
      this.#values.set(directive.name, result.value);
    }
  }

  /** What CONFIG GET prints; '' for what the server does not know. */
  get(name: string): string {
    return this.#values.get(name) ?? DEFAULTS.get(name) ?? '';
  }

  number(name: string): number {
    return Number(this.get(name));
  }

  /** CONFIG GET of several directives; what the server does not know is missing in the answer. */
  answer(directives: readonly string[]): Readonly<Record<string, string>> {
    if (this.#asked?.version === this.version && this.#asked.directives === directives)
      return this.#asked.answer;
    const answer: Record<string, string> = {};
    for (const name of directives) {
      const directive = findDirective(name);
      if (directive !== undefined && directive.type.kind !== 'file-only')
        answer[name] = this.get(directive.name);
    }
    this.#asked = { version: this.version, directives, answer };
    return answer;
  }

  /** CONFIG SET: all or nothing. Returns the server's refusal, or what changed. */
  set(
    pairs: Readonly<Record<string, string>>,
  ): { readonly refused: string } | { readonly changed: readonly string[] } {
    const next = new Map<string, string>();
    for (const [name, value] of Object.entries(pairs)) {
      const directive = findDirective(name);
      if (directive === undefined || directive.type.kind === 'file-only') {
        return { refused: `ERR Unknown option or number of arguments for CONFIG SET - '${name}'` };
      }
      const refusal = (reason: string) => ({
        refused: `ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`,
      });
      const result = canonical(directive, value);
      if (!result.ok) return refusal(result.reason);
      // A protected or immutable directive is refused even when the value is the one that it has.
      if (!directive.live) return refusal("can't set immutable config");
      if (!changesLive(directive, this.get(directive.name), result.value))
        return refusal('needs a restart here');
      next.set(directive.name, result.value);
    }
    const changed = [...next].filter(([name, value]) => this.get(name) !== value).map(([name]) => name);
    for (const [name, value] of next) this.#values.set(name, value);
    this.version += 1;
    return { changed };
  }

  /** CONFIG REWRITE: the file's own lines with the present values, and the others after them. */
  rewritten(): string {
    const left = new Map(this.#values);
    const lines: string[] = [];
    for (const line of this.#lines) {
      const entry = readLine(line);
      const directive = entry === undefined ? undefined : findDirective(entry.name);
      if (directive === undefined || directive.type.kind === 'file-only') lines.push(line);
      else if (left.has(directive.name)) {
        lines.push(writeLine(directive, left.get(directive.name) ?? ''));
        left.delete(directive.name);
      }
    }
    for (const [name, value] of left) {
      const directive = findDirective(name);
      if (directive !== undefined) lines.push(writeLine(directive, value));
    }
    this.#lines = lines;
    return lines.join('\n');
  }
}

/** One word is quoted, so that blanks and the empty text come back; several words stand as they are. */
function writeLine({ name, type }: Directive, value: string): string {
  const several = ['save', 'client-output-buffer-limit', 'words', 'flags', 'oom-score-adj-values'];
  if (several.includes(type.kind) && value !== '') return `${name} ${value}`;
  return `${name} "${value.replace(/["\\]/g, '\\$&')}"`;
}

function readLine(line: string): { name: string; value: string } | undefined {
  const match = /^\s*([^\s#]\S*)\s*(.*?)\s*$/.exec(line);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  const quoted = /^"(.*)"$/.exec(match[2]);
  return {
    name: match[1].toLowerCase(),
    value: quoted?.[1] === undefined ? match[2] : quoted[1].replace(/\\(.)/g, '$1'),
  };
}
