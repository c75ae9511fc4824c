/** Where people are told of what happens without looking: a channel of Discord or Slack. */

/** One message about one thing, edited while that goes on. */
export interface Notification {
  /** What the message is about, for example a plan: the same key edits the same message. */
  readonly key: string;
  readonly title: string;
  /** `loud` for failures and for plans that remove something for good; all else makes no sound. */
  readonly severity: 'quiet' | 'loud';
  /** How it looks: nothing but colours and signs depend on it. */
  readonly tone: 'good' | 'changing' | 'bad';
  /** Plain text, one sentence each. */
  readonly lines: readonly string[];
  /** Where to read more. */
  readonly url: string | undefined;
}

export interface Notifier {
  /** `discord`, `slack`: for people who read logs. */
  readonly name: string;
  /**
   * Sends the message, or edits the one that is there under its key; what was said already is not said again. What is
   * loud is sent at least once, what is quiet at most once, when an answer is lost.
   * @throws PortError
   */
  notify(notification: Notification, signal: AbortSignal): Promise<void>;
}
