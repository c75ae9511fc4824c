/** Text from outside, made harmless: nothing that a terminal or a page would act on, one line where one is meant. */
import { escapeUnprintable } from '../../spec-schema/source-text.ts';

/**
 * What takes no room or breaks lines unseen, beside what a spec refuses anyway: marks of format (but the two joiners,
 * without which some scripts cannot be written), line and paragraph separators, halves of characters, fillers.
 */
const UNSEEN = /(?![\u200c\u200d])[\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u115f\u1160\u3164\uffa0]/gu;

/** Everything that cannot be seen shown as an escape; line breaks stay. */
export function visible(text: string): string {
  return escapeUnprintable(text.replaceAll('\r\n', '\n')).replace(
    UNSEEN,
    (character) => `\\u${character.codePointAt(0)?.toString(16).padStart(4, '0')}`,
  );
}

/** The same in one line. */
export function visibleLine(text: string): string {
  return visible(text)
    .replace(/\s*[\n\r]\s*/g, ' ')
    .trim();
}

/** One line of at most `most` UTF-16 units, the last of them an ellipsis when something was cut; no character is cut in two. */
export function shortLine(text: string, most: number): string {
  // What is cut is not looked at: people can write megabytes.
  const line = visibleLine(text.length <= 4 * most ? text : text.slice(0, 4 * most));
  if (line.length <= most) return line;
  return `${line
    .slice(0, most - 1)
    .replace(/[\ud800-\udbff]$/, '')
    .trimEnd()}…`;
}
