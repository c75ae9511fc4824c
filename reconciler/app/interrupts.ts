/** Ctrl-C and SIGTERM: the first asks to stop between steps, the second ends at once. */
import { constants } from 'node:os';

export interface Interrupts {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** Exit code of the signal that came, undefined while none has. */
  readonly exitCode: number | undefined;
  dispose(): void;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** @param onFirst called at the first signal, to say what happens now. */
export function listenForInterrupts(onFirst: () => void): Interrupts {
  const controller = new AbortController();
  let exitCode: number | undefined;
  const listener = (name: NodeJS.Signals): void => {
    const code = 128 + constants.signals[name];
    // The views put the cursor back when the process exits.
    if (exitCode !== undefined) process.exit(code);
    exitCode = code;
    controller.abort();
    onFirst();
  };
  for (const name of SIGNALS) process.on(name, listener);
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    dispose() {
      for (const name of SIGNALS) process.off(name, listener);
    },
  };
}
