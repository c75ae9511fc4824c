/**
 * Plain data as YAML in any style that people use: block or flow, quoted or not, wide or narrow, with comments
 * everywhere. Each comment says whose it is: `# 7 nodes[n3]` goes with node n3, `# 8` is nobody's and has to stay.
 */

/** Numbers that decide; the same numbers, the same text. */
export class Choices {
  readonly #numbers: readonly number[];
  #at = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  below(limit: number): number {
    const number = this.#numbers[this.#at % this.#numbers.length] ?? 0;
    this.#at += 1;
    return (number + Math.floor(this.#at / this.#numbers.length)) % limit;
  }

  oneIn(count: number): boolean {
    return this.below(count) === 0;
  }
}

type Plain = string | number | boolean | readonly Plain[] | { readonly [key: string]: Plain };

export function styledSpec(spec: object, choices: Choices): string {
  return new Writer(choices).document(spec as { readonly [key: string]: Plain });
}

/** The comments of a text, in order. */
export function commentsIn(text: string): string[] {
  return [...text.matchAll(/# (\d+(?: \w+\[[^\]]+\])?)/g)].map((match) => match[1] as string);
}

class Writer {
  readonly #choices: Choices;
  readonly #step: number;
  readonly #quote: '' | "'" | '"';
  #comments = 0;

  constructor(choices: Choices) {
    this.#choices = choices;
    this.#step = 1 + choices.below(4);
    this.#quote = (['', '', '', "'", '"'] as const)[choices.below(5)] ?? '';
  }

  document(spec: { readonly [key: string]: Plain }): string {
    const apart = this.#choices.oneIn(2);
    const lines: string[] = [];
    for (const [key, value] of Object.entries(spec)) {
      if (apart && lines.length > 0) lines.push('');
      if (this.#choices.oneIn(4)) lines.push(this.#comment(''), ...(this.#choices.oneIn(3) ? [''] : []));
      lines.push(...this.#entry(key, value, 0, key, ''));
    }
    if (this.#choices.oneIn(3)) lines.push(this.#comment(''));
    const end = this.#choices.oneIn(5) ? '\r\n' : '\n';
    return lines.join(end) + (this.#choices.oneIn(5) ? '' : end);
  }

  #comment(owner: string): string {
    this.#comments += 1;
    return `# ${this.#comments}${owner === '' ? '' : ` ${owner}`}`;
  }

  #entry(key: string, value: Plain, column: number, section: string, owner: string): string[] {
    const head = `${' '.repeat(column)}${this.#key(key)}:`;
    if (typeof value !== 'object')
      return [`${head}${this.#gap()}${this.#scalar(value)}${this.#trail(owner)}`];
    if (Array.isArray(value)) return this.#list(head, value as readonly Plain[], column, section, owner);
    const entries = Object.entries(value);
    if (entries.length === 0 || this.#choices.oneIn(2))
      return [`${head} ${this.#flow(value)}${this.#trail(owner)}`];
    return [
      `${head}${this.#trail(owner)}`,
      ...entries.flatMap(([name, inner]) => this.#entry(name, inner, column + this.#step, section, owner)),
    ];
  }

  #list(head: string, items: readonly Plain[], column: number, section: string, owner: string): string[] {
    const style = this.#choices.below(6);
    if (typeof items[0] !== 'object' || style === 0)
      return [`${head} ${this.#flow(items)}${this.#trail(owner)}`];
    if (style === 1) return this.#tallFlow(head, items, column, section);
    const indent = ' '.repeat(column + (this.#choices.oneIn(3) ? 0 : this.#step));
    const isApart = this.#choices.oneIn(4);
    const lines = [head];
    for (const [index, item] of items.entries()) {
      if (isApart && index > 0 && index % 2 === 0) lines.push('');
      if (this.#choices.oneIn(6)) lines.push(`${indent}${this.#comment('')}`);
      lines.push(...this.#item(item, indent, section));
    }
    if (this.#choices.oneIn(4)) lines.push(`${indent}${this.#comment('')}`);
    return lines;
  }

  /** `[` and `]` with an item on each line. */
  #tallFlow(head: string, items: readonly Plain[], column: number, section: string): string[] {
    const indent = ' '.repeat(column + this.#step);
    const comma = this.#choices.oneIn(2) ? ',' : '';
    const lines = items.map((item, index) => {
      const isLast = index === items.length - 1;
      return `${indent}${this.#flow(item)}${isLast ? comma : ','}${this.#trail(ownerOf(section, item))}`;
    });
    const close = `${' '.repeat(column + 1)}]`;
    return [
      `${head} [`,
      ...lines,
      ...(this.#choices.oneIn(3) ? [`${indent}${this.#comment('')}`] : []),
      close,
    ];
  }

  #item(item: Plain, indent: string, section: string): string[] {
    const owner = ownerOf(section, item);
    if (this.#choices.oneIn(2)) return [`${indent}- ${this.#flow(item)}${this.#trail(owner)}`];
    const dash = `-${' '.repeat(1 + this.#choices.below(3))}`;
    const column = indent.length + dash.length;
    const lines = Object.entries(item).flatMap(([key, value]) => [
      ...(this.#choices.oneIn(12) ? [`${' '.repeat(column)}${this.#comment(owner)}`] : []),
      ...this.#entry(key, value, column, section, owner),
    ]);
    if (this.#choices.oneIn(8)) return [`${indent}-`, ...lines];
    // The dash stands in front of the first key; a comment above it would stand above the dash.
    const first = lines.findIndex((line) => !line.trimStart().startsWith('#'));
    const rest = lines.toSpliced(first, 1);
    return [`${indent}${dash}${lines[first]?.trimStart()}`, ...rest];
  }

  #flow(value: Plain): string {
    if (typeof value !== 'object') return this.#scalar(value);
    const pad = this.#choices.oneIn(3) ? '' : ' ';
    const inner = Array.isArray(value)
      ? value.map((item: Plain) => this.#flow(item))
      : Object.entries(value).map(([key, item]) => `${this.#key(key)}: ${this.#flow(item)}`);
    const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
    if (inner.length === 0) return `${open}${close}`;
    const comma = this.#choices.oneIn(12) ? ',' : '';
    return `${open}${pad}${inner.join(this.#choices.oneIn(9) ? ',   ' : ', ')}${comma}${pad}${close}`;
  }

  #key(key: string): string {
    return this.#quote === '"' ? `"${key}"` : key;
  }

  #gap(): string {
    return this.#choices.oneIn(6) ? '    ' : ' ';
  }

  #scalar(value: string | number | boolean): string {
    if (typeof value !== 'string') return String(value);
    const quote = this.#quote === '' && !/^[\w./][\w./:@-]*$/.test(value) ? "'" : this.#quote;
    return `${quote}${value}${quote}`;
  }

  #trail(owner: string): string {
    return this.#choices.oneIn(8) ? `${this.#gap()}${this.#comment(owner)}` : '';
  }
}

function ownerOf(section: string, item: Plain): string {
  const name = typeof item === 'object' && 'name' in item ? String(item['name']) : '';
  return name === '' ? '' : `${section}[${name}]`;
}
