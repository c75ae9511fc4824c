/** Numbers that were worked out, or `unknown` where a fact is missing: what was not read is never taken for 0. */

/** A number that was worked out, or `unknown`. */
export type Guess = number | 'unknown';

/** The sum; `unknown` as soon as one part is. */
export function plus(a: Guess, b: Guess): Guess {
  return a === 'unknown' || b === 'unknown' ? 'unknown' : a + b;
}

/** The greatest; `unknown` as soon as one is, because that may be the greatest. */
export function greatest(guesses: readonly Guess[]): Guess {
  return guesses.reduce<Guess>(
    (most, guess) => (most === 'unknown' || guess === 'unknown' ? 'unknown' : Math.max(most, guess)),
    0,
  );
}

/** To whole numbers, for what is counted in whole ones. */
export function whole(guess: Guess): Guess {
  return guess === 'unknown' ? guess : Math.round(guess);
}
