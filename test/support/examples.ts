/**
 * How many examples a property test tries: all of them where everything is asked for (`npm test` sets STORIES), a quarter
 * in the fast loop (`npm run check`).
 */
export function runs(all: number): number {
  return process.env['STORIES'] === undefined ? Math.ceil(all / 4) : all;
}
