/**
 * What is served: for orchestrators whether we live and are ready, for Prometheus the numbers, for people whole plans,
 * for forges a bell.
 */
import type { Metrics } from './metrics.ts';
import type { Answer, Routes } from './server.ts';
import type { Verdict, Vitals } from './vitals.ts';

const READING = ['GET', 'HEAD'] as const;

/** @param more what is served only where there is a forge, or where it may ring. */
export function routes(vitals: Vitals, metrics: Metrics, more: Routes = {}): Routes {
  return {
    '/healthz': { methods: READING, answer: async () => verdictAnswer(vitals.health()) },
    '/readyz': { methods: READING, answer: async () => verdictAnswer(vitals.readiness()) },
    '/metrics': {
      methods: READING,
      answer: async () => ({ status: 200, contentType: metrics.contentType, body: await metrics.text() }),
    },
    ...more,
  };
}

function verdictAnswer({ ok, details }: Verdict): Answer {
  return {
    status: ok ? 200 : 503,
    contentType: 'application/json; charset=utf-8',
    body: `${JSON.stringify({ ok, ...details })}\n`,
  };
}
