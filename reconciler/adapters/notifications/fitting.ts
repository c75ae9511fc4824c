/** Text within what a service takes. */

/** At most `most` UTF-16 units, the last of them an ellipsis when something was cut; no character is cut in two. */
export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
