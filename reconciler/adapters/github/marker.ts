/**
 * The hidden last line by which a comment or an issue of ours is found again. Anybody can write one, so it counts only
 * together with our own log-in as author; and only as the last line, because the text above it quotes other people.
 */
const FORM = /(?:^|\n)<!-- redisforge v1 (\{[^\n]*\}) -->\s*$/;

export function marked(key: string, body: string): string {
  // In JSON every character may be written by its number; so no key can end the comment, or begin another.
  const json = JSON.stringify({ key }).replaceAll(
    /[<>-]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `${body.trimEnd()}\n\n<!-- redisforge v1 ${json} -->`;
}

/** The key of a text that ends with a marker. */
export function keyOf(body: string): string | undefined {
  const [, json] = FORM.exec(body) ?? [];
  if (json === undefined) return undefined;
  try {
    const { key } = JSON.parse(json) as { key?: unknown };
    return typeof key === 'string' ? key : undefined;
  } catch {
    return undefined;
  }
}
