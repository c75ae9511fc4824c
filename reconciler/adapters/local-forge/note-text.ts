/** A page of the note book as people read it in a terminal. */
import { plainMarkdown } from '../../render/plain-markdown.ts';
import type { Page } from './page.ts';

export function noteText({ statuses, pullRequests }: Page): string {
  const width = Math.max(0, ...Object.keys(statuses).map((context) => context.length));
  const lines = Object.entries(statuses)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([context, { state, description }]) => `${context.padEnd(width)}  ${state}: ${description}`);
  const texts = Object.values(pullRequests).flatMap(({ comments, answers }) => [
    ...Object.entries(comments)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, body]) => body),
    ...Object.values(answers),
  ]);
  return [lines.join('\n'), ...texts.map(plainMarkdown)].filter((part) => part !== '').join('\n\n');
}
