/** Text of a spec without what may be a secret: evidence is posted where many can read it. */

const SECRET_KEY = /(pass\w*|secret\w*|token|auth|credential\w*|private\w*|identity|key)["']?\s*[:=]/i;

/** Hides what follows `password:` and the like in a line of source, and passwords in access rules and addresses. */
export function withoutSecrets(line: string): string {
  const key = SECRET_KEY.exec(line);
  const safe = key === null ? line : `${line.slice(0, key.index + key[0].length)} [hidden]`;
  return withoutUrlPasswords(safe).replace(/(^|[\s"'])([><#!])[^\s"'<>]{3,}/g, '$1$2[hidden]');
}

/** `ssh://user:password@host` without the password. */
export function withoutUrlPasswords(text: string): string {
  return text.replace(/(:\/\/[^\s/:@]*:)[^\s/@]*@/g, '$1[hidden]@');
}

/** Whether a line begins a value that is likely a secret. */
export function namesSecret(line: string): boolean {
  return SECRET_KEY.test(line);
}
