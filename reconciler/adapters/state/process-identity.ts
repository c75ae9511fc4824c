/** Which process on which machine: enough to tell later whether it still lives. */
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';

export interface ProcessIdentity {
  readonly host: string;
  /** One start of the machine. */
  readonly boot: string;
  /** Process numbers mean the same only within one of these: containers on one machine have their own. */
  readonly namespace: string;
  readonly pid: number;
  /** Numbers are used again; with the time of its start one is unique. */
  readonly started: string;
}

export async function ownIdentity(): Promise<ProcessIdentity> {
  const { pid } = process;
  const [boot, namespace, started] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    readlink('/proc/self/ns/pid').catch(() => ''),
    startOf(pid),
  ]);
  return { host: hostname(), boot: boot.trim(), namespace, pid, started: started ?? '' };
}

/** `unknown` when it belongs to another machine or container: then only its heartbeat can tell. */
export async function isAlive(
  holder: ProcessIdentity,
  own: ProcessIdentity,
): Promise<'yes' | 'no' | 'unknown'> {
  const comparable =
    holder.host === own.host && holder.boot === own.boot && holder.namespace === own.namespace;
  if (!comparable) return 'unknown';
  const started = await startOf(holder.pid);
  return started !== undefined && started === holder.started ? 'yes' : 'no';
}

/** Undefined when there is no such process; '' where the system does not tell. */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may itself hold blanks and parentheses; the 22nd field is the 20th after it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return exists(pid) ? '' : undefined;
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
