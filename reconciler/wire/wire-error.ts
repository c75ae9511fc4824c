/** What the parsers of this folder throw when a server says something that they do not understand. */

export type WireErrorCode =
  | 'acl-line'
  | 'cluster-nodes'
  | 'nodes-conf'
  | 'cluster-info'
  | 'info'
  | 'migration-status'
  | 'slot-stats'
  | 'cluster-links'
  | 'config-get';

/** Text of this much length is kept as evidence; a CLUSTER NODES reply may be megabytes long. */
const EVIDENCE_LENGTH = 200;

/**
 * An answer in a form that we do not know: a newer server, another product, or a proxy in between.
 *
 * It is never retried with success, and is to be reported as a failed reading with code `protocol`.
 */
export class WireError extends Error {
  /** Which answer it was. */
  readonly code: WireErrorCode;
  /** The offending line or field, cut to 200 characters. */
  readonly text: string;

  constructor(code: WireErrorCode, problem: string, text: string) {
    const evidence = text.length > EVIDENCE_LENGTH ? `${text.slice(0, EVIDENCE_LENGTH)}…` : text;
    super(`${code}: ${problem}: ${JSON.stringify(evidence)}`);
    this.name = 'WireError';
    this.code = code;
    this.text = evidence;
  }
}
