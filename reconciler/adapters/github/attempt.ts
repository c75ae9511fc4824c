/**
 * One HTTP attempt, as Octokit makes it. What Octokit does not do is done here: a deadline for each attempt, an answer
 * that is whole and of bearable size, and no redirection of anything that writes.
 */

/** A page of a hundred pull requests has 2.5 MB. */
const LARGEST_BYTES = 32 * 1024 * 1024;

/** GitHub, or whatever stands between it and us, answered something else than JSON. */
export class Gibberish extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Gibberish';
  }
}

export interface AttemptOptions {
  readonly timeoutMs: number;
  /** Told the status of every answer, and 0 when there was none. */
  answered(status: number, headers: Headers | undefined): void;
  /** What was asked for lies elsewhere now. */
  moved(): void;
}

/** A `fetch` for Octokit. */
export function attemptWith(options: AttemptOptions): typeof fetch {
  return async (input, init) => {
    const reads = init?.method === undefined || init.method === 'GET';
    let answer: Response;
    let body: Uint8Array;
    try {
      answer = await fetch(input, {
        ...init,
        // A POST that is redirected becomes a GET by the rules of fetch, and would look as if it had been done.
        redirect: reads ? 'follow' : 'manual',
        signal: AbortSignal.timeout(options.timeoutMs),
      });
      body = await wholeBody(answer);
    } catch (error) {
      options.answered(0, undefined);
      throw error;
    }
    options.answered(answer.status, answer.headers);
    if (answer.redirected) options.moved();
    if (answer.ok && body.length > 0) requireJson(answer, body);
    const empty = [204, 205, 304].includes(answer.status);
    return new Response(empty ? null : Buffer.from(body), { status: answer.status, headers: answer.headers });
  };
}

/** The deadline holds until the last byte: Octokit takes a body that breaks off for the answer. */
async function wholeBody(answer: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body ?? []) {
    size += chunk.length;
    if (size > LARGEST_BYTES) throw new Gibberish(`an answer of more than ${LARGEST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Octokit hands out what is no JSON, or half of one, as if it were the answer. */
function requireJson(answer: Response, body: Uint8Array): void {
  const type = answer.headers.get('content-type') ?? 'nothing';
  if (!/^application\/(?:[\w.+-]+\+)?json\b/.test(type))
    throw new Gibberish(`answered with ${type}, not with JSON`);
  try {
    JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    throw new Gibberish('answered with JSON that breaks off');
  }
}
