/** The log of `run`: one JSON object a line, on a terminal one readable line. No secret ever reaches it. */
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import type { Style } from '../../render/style.ts';
import type { LogLevel } from '../settings.ts';
import { prettyLine } from './pretty.ts';

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly pretty: boolean;
  readonly style: Style;
  write(line: string): void;
}

/**
 * Errors of the Redis client carry the command with its arguments, passwords included. An error's properties are
 * logged with it, so these are taken out wherever an error may stand.
 */
const REDACTED = ['err.command', 'err.cause.command', 'err.cause.cause.command', '*.password', '*.token'];

export function createLogger({ level, pretty, style, write }: LoggerOptions): Logger {
  const destination: DestinationStream = {
    write: (line) => write(pretty ? `${prettyLine(JSON.parse(line), style)}\n` : line),
  };
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      redact: { paths: REDACTED, remove: true },
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}
