/** What a pull request changes in a spec, as the lines of a diff: `-` what it said, `+` what it says. */
import type { SpecEdit } from '../../planner/preview/preview.ts';
import { HIDDEN, isSecretDirective } from '../directive-words.ts';
import { shortLine } from '../visible.ts';
import { IMPORTANCE, type Noun, type Piece, type Row } from './tree.ts';

const LINES: Noun = ['line', 'lines'];

/** Longer values are cut: the pull request itself shows them whole. */
const LONGEST_VALUE = 200;

export function editLines(edits: readonly SpecEdit[]): Piece {
  return { kind: 'code', noun: LINES, language: 'diff', rows: edits.flatMap(linesOf) };
}

function linesOf({ operation, before }: SpecEdit): Row[] {
  const path = operation.path.split('/').slice(1).map(unescaped);
  const after = 'value' in operation ? operation.value : undefined;
  const place = placeOf(path, after ?? before);
  return [
    ...(before === undefined ? [] : [`- ${place}: ${valueText(path, before)}`]),
    ...(after === undefined ? [] : [`+ ${place}: ${valueText(path, after)}`]),
  ].map((line) => ({ cells: [line], importance: IMPORTANCE.edit }));
}

/** `nodes[orders-4].host`: elements of lists by name where they have one. */
function placeOf(path: readonly string[], value: unknown): string {
  return path
    .map((part, index) => {
      if (!/^(\d+|-)$/.test(part)) return index === 0 ? part : `.${part}`;
      const named = index === path.length - 1 && isRecord(value) ? value['name'] : undefined;
      return `[${typeof named === 'string' ? named : part}]`;
    })
    .map((part) => shortLine(part, LONGEST_VALUE))
    .join('');
}

function valueText(path: readonly string[], value: unknown): string {
  const text = typeof value === 'string' ? masked(path.at(-1) ?? '', value) : JSON.stringify(value, masking);
  return shortLine(String(text), LONGEST_VALUE);
}

function masking(key: string, value: unknown): unknown {
  return typeof value === 'string' ? masked(key, value) : value;
}

/** A spec holds references to secrets only, but somebody may have written one where it does not belong. */
function masked(key: string, value: string): string {
  if (isSecretDirective(key)) return HIDDEN;
  return value
    .replace(/(\w:\/\/[^\s/:@]*):[^\s/@]+@/g, `$1:${HIDDEN}@`)
    .replace(/(?<=^|\s)[>#<!]\S+/g, HIDDEN);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function unescaped(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}
