/** Problems of spec files as SARIF 2.1.0, the format in which code hosts and editors take findings of a checker. */
import type { Problem } from '../../spec-schema/problem.ts';
import { visibleLine } from './visible.ts';

export interface Finding {
  /** The file that it was found in, relative to the folder that the check was run in. */
  readonly path: string;
  readonly problem: Problem;
}

/** The document; its rules are the codes of the problems. */
export function sarifLog(findings: readonly Finding[], version: string): Record<string, unknown> {
  const rules = [...new Set(findings.map(({ problem }) => problem.code))].sort();
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'RedisForge',
            semanticVersion: version,
            rules: rules.map((id) => ({ id, shortDescription: { text: id.replaceAll('-', ' ') } })),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: findings.map((finding) => result(finding, rules)),
      },
    ],
  };
}

function result({ path, problem }: Finding, rules: readonly string[]): Record<string, unknown> {
  const { code, severity, subject, summary, hint, where } = problem;
  const text = `${subject}: ${summary}${hint === undefined ? '' : `. ${hint}`}`;
  return {
    ruleId: code,
    ruleIndex: rules.indexOf(code),
    level: severity,
    message: { text: visibleLine(text) },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(where?.file ?? path) },
          // A problem of the whole file is shown at its beginning: hosts leave out what has no line.
          region: { startLine: where?.line ?? 1, startColumn: where?.column ?? 1 },
        },
      },
    ],
  };
}

/** Relative with slashes, as code hosts find files by. */
function uriOf(path: string): string {
  return encodeURI(path.replaceAll('\\', '/').replace(/^(?:\.\/)+/, '')).replaceAll(
    /[?#]/g,
    encodeURIComponent,
  );
}
