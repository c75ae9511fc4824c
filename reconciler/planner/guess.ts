/** Numbers that were worked out, or `unknown` where a fact is missing: what was not read is never taken for 0. */

/** A number that was worked out, or `unknown`. */
export type Guess = number | 'unknown';

/** The sum; `unknown` as soon as one part is. */
export function plus(a: Guess, b: Guess): Guess {
  return a === 'unknown' || b === 'unknown' ? 'unknown' : a + b;
}

/** The greatest; `unknown` as soon as one is, because it may be the greatest. */
export function greatest(guesses: readonly Guess[]): Guess {
  return guesses.reduce<Guess>((most, guess) => {
    if (most === 'unknown' || guess === 'unknown') return 'unknown';
    return Math.max(most, guess);
  }, 0);
}

/** What is certain of it: at least so much. */
export function atLeast(guess: Guess): number {
  return guess === 'unknown' ? 0 : guess;
}

/** To whole numbers, for what is counted in whole ones. */
export function whole(guess: Guess): Guess {
  return guess === 'unknown' ? guess : Math.round(guess);
}
