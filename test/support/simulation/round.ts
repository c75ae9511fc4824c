/** One round of gossip, as the parts of it see it. */

/** What a round has found out about the next one. */
export interface Round {
  restless: boolean;
  /** When something happens by the passing of time alone. */
  due: number;
}
