/** Text from outside, made harmless: nothing that a terminal or a page would act on, one line where one is meant. */
import { escapeUnprintable } from '../../spec-schema/source-text.ts';

/** Everything that cannot be seen shown as an escape; line breaks stay. */
export function visible(text: string): string {
  return escapeUnprintable(text.replaceAll('\r\n', '\n'));
}

/** The same in one line. */
export function visibleLine(text: string): string {
  return visible(text)
    .replace(/\s*[\n\r]\s*/g, ' ')
    .trim();
}
