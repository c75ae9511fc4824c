// Says on standard error what set-up is doing and how long each part took.

/** @param {string} line */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/**
 * Announces a piece of work, carries it out, and says how long it took. Standard output stays free for the
 * command that set-up is made for.
 *
 * @template T
 * @param {string} what
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function announce(what, work) {
  const began = performance.now();
  say(`setup: ${what} ...`);
  const result = await work();
  say(`setup: ${what}: done in ${seconds(performance.now() - began)}`);
  return result;
}

/** @param {number} milliseconds */
export function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
