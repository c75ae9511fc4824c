/** What goes wrong between us and GitHub, switched on by a test. */
export type FaultKind =
  /** Carried out; then the connection breaks before the answer. */
  | 'answer-lost'
  /** Carried out; then a proxy answers 502 in its own words. */
  | 'bad-gateway-after'
  /** Not carried out; 502. */
  | 'bad-gateway'
  /** Not carried out; the connection breaks. */
  | 'reset'
  /** Never answered, and not carried out. */
  | 'hang'
  /** Carried out, and not answered. */
  | 'hang-after'
  /** 200 with a page of HTML, as a captive proxy answers. */
  | 'html'
  /** Carried out; the JSON of the answer ends in the middle. */
  | 'truncated'
  /** Carried out; the JSON of the answer is something else. */
  | 'other-json'
  /** The hour's requests are used up. */
  | 'rate-limited'
  /** Too many requests at once. */
  | 'secondary-limit'
  /** The same, as 429 and without saying for how long. */
  | 'bare-429'
  /** What was made a moment ago cannot be read yet. */
  | 'not-yet'
  /** The token is not accepted, as after it was revoked. */
  | 'unauthorized';

export interface Fault {
  readonly kind: FaultKind;
  /** Id of an operation, for example `issues/create-comment`; `*` is all, `git` the Git side. */
  readonly operation: string;
  /** How many requests it meets; all of them unless given. */
  readonly times?: number;
}

export class Faults {
  #switched: { readonly fault: Fault; left: number }[] = [];

  /** @returns how to switch it off again */
  add(fault: Fault): () => void {
    const entry = { fault, left: fault.times ?? Number.POSITIVE_INFINITY };
    this.#switched.push(entry);
    return () => {
      this.#switched = this.#switched.filter((each) => each !== entry);
    };
  }

  clear(): void {
    this.#switched = [];
  }

  /** The fault that meets this request, used up by one. */
  meeting(operation: string): FaultKind | undefined {
    const entry = this.#switched.find(
      ({ fault, left }) => left > 0 && (fault.operation === operation || fault.operation === '*'),
    );
    if (entry === undefined) return undefined;
    entry.left -= 1;
    return entry.fault.kind;
  }
}
