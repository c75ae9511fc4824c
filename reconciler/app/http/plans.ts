/** Whole plans, as they are too long for a comment: what is shown of one cluster in every open pull request. */
import type { Preview } from '../../planner/preview/preview.ts';
import type { Answer, Route } from './server.ts';

export const PLANS_PATH = '/plans';

/** `GET /plans?cluster=NAME`: Markdown, shown as the text that it is, so that nothing in it is ever markup. */
export function plansRoute(previewsOf: (cluster: string) => readonly Preview[]): Route {
  return {
    methods: ['GET', 'HEAD'],
    async answer(request) {
      const cluster = new URL(request.url ?? '/', 'http://localhost').searchParams.get('cluster');
      if (cluster === null || cluster === '') return text(400, 'which cluster? ?cluster=NAME');
      const previews = previewsOf(cluster);
      if (previews.length === 0) return text(404, 'no open pull request changes a cluster of that name');
      // Loaded when it is asked for: who follows a branch without pull requests never needs it.
      const { previewComment } = await import('../../render/pull-request/preview-comment.ts');
      const whole = previews.map((preview) => previewComment(preview, { budget: Number.POSITIVE_INFINITY }));
      return text(200, whole.join('\n\n'));
    },
  };
}

function text(status: number, body: string): Answer {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${body}\n` };
}
