/** The beginning of a hint about a word that is not known: which known one was probably meant. */
import { nearestName } from './directives.ts';

/** Longer words are no misspelling of anything here, and comparing them would take time. */
const MAX_LENGTH = 64;

/** ``did you mean `host`? ``, with a blank at its end so that more can follow; empty when nothing is close. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const nearest = word.length > MAX_LENGTH ? undefined : nearestName(word, [...candidates]);
  return nearest === undefined ? '' : `did you mean \`${nearest}\`? `;
}
