/** What containers wrote, as text that may be shown. */

/** Takes the engine's frames (an 8-byte header before each piece of stdout or stderr) out of a log. */
export function demultiplex(bytes: Buffer): string {
  const pieces: Buffer[] = [];
  let at = 0;
  while (at + 8 <= bytes.length) {
    if ((bytes[at] as number) > 2) return bytes.toString(); // a container with a terminal writes no frames
    const length = bytes.readUInt32BE(at + 4);
    pieces.push(bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return Buffer.concat(pieces).toString();
}

/**
 * Hides values of secret directives: redis-server prints the whole line of its configuration that it does not
 * understand, passwords included.
 */
export function hideSecrets(log: string): string {
  return log
    .replace(/\b(masterauth|requirepass|tls-(?:client-)?key-file-pass)\b([ "']+)\S.*/gi, '$1$2[secret]')
    .replace(/\b(user\s+\S+\s.*)/gi, (line) => line.replace(/[>#<!]\S+/g, '[secret]'));
}

/** The last lines, on one line, for a message. */
export function tail(log: string, lines: number): string {
  const all = log.split('\n').map((line) => line.trim());
  return all
    .filter((line) => line !== '')
    .slice(-lines)
    .join(' | ');
}
