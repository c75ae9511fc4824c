/** Problems of a YAML file, each with the line that it stands in as evidence. */
import type { Problem } from './problem.ts';
import { namesSecret, withoutSecrets } from './redact.ts';
import { type Position, positionsIn, printable } from './source-text.ts';

/** What is wrong and what to write instead. */
export interface YamlWords {
  readonly code: string;
  readonly summary: string;
  readonly hint: string;
}

/** Keys of block maps on the way up to where a value began: a multi-line value is hardly ever longer. */
const MAX_LINES_UP = 20;
/** A line that gives a key, and so begins a value of its own. */
const HAS_KEY = /[\w"']\s*:(?:\s|$)/;

export class YamlReport {
  readonly problems: Problem[] = [];
  readonly position: (offset: number) => Position;
  private readonly text: string;
  private readonly file: string;

  constructor(text: string, file: string) {
    this.text = text;
    this.file = file;
    this.position = positionsIn(text);
  }

  /** @param evidence instead of the line at the offset. */
  add(offset: number, { code, summary, hint }: YamlWords, evidence = this.lineAt(offset)): void {
    const shown = printable(withoutSecrets(evidence));
    this.problems.push({
      severity: 'error',
      code,
      subject: this.file,
      summary,
      ...(shown === '' ? {} : { evidence: shown }),
      where: { file: this.file, ...this.position(offset) },
      hint,
    });
  }

  /** The line at an offset; nothing when it goes on with a value that may be a secret. */
  private lineAt(offset: number): string {
    let start = offset === 0 ? 0 : this.text.lastIndexOf('\n', offset - 1) + 1;
    const end = this.text.indexOf('\n', offset);
    const line = this.text.slice(start, Math.min(end === -1 ? this.text.length : end, start + 400));
    let above = line;
    for (let lines = 0; lines < MAX_LINES_UP && start > 0 && !HAS_KEY.test(above); lines += 1) {
      const previous = start < 2 ? 0 : this.text.lastIndexOf('\n', start - 2) + 1;
      above = this.text.slice(Math.max(previous, start - 400), start);
      start = previous;
    }
    return above !== line && namesSecret(above) ? '' : line;
  }
}
