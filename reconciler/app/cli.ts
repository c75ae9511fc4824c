/** Runs one command and ends the process with its exit code. */
import { PortError } from '../ports.ts';
import { EXIT, type ExitCode, Refusal } from './exit-codes.ts';
import { program } from './program.ts';
import { isDebugging } from './settings.ts';
import { processOutput, writeLine } from './terminal/screen.ts';

// Who reads our output may stop doing so (`redisforge plan | head`): that is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.error);
});

const output = processOutput();
let exitCode: ExitCode = EXIT.done;
try {
  await program(output, (code) => {
    exitCode = code;
  }).parseAsync();
} catch (error) {
  exitCode = error instanceof Refusal ? error.exitCode : EXIT.error;
  writeLine(output.err, `${output.errStyle.red('error')}: ${inWords(error)}`);
  if (isDebugging(process.argv) && error instanceof Error) writeLine(output.err, error.stack ?? '');
}
// Standard output is written synchronously here; what may still be open (a kept connection) need not be waited for.
process.exit(exitCode);

function inWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof Refusal || error instanceof PortError) return error.message;
  return `${error.message}\nThis is a defect of RedisForge, or something it does not know; --debug shows where it came from.`;
}
