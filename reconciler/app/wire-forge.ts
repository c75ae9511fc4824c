/** The place where changes are proposed, made real, and the life of pull requests on it. */
import { join } from 'node:path';
import type { Said } from '../adapters/local-forge/local-forge.ts';
import type { PullRequests } from '../engine/pull-requests/pull-requests.ts';
import type { ReconcilerEvent } from '../engine/reconciler-events.ts';
import type { Forge } from '../ports/forge.ts';
import type { SpecRepository } from '../ports.ts';
import type { RunSettings } from './settings.ts';
import { VERSION } from './version.ts';
import type { Wiring } from './wiring.ts';

export interface ForgeListeners {
  readonly report: (event: ReconcilerEvent) => void;
  /** What the embedded forge was told to say: nobody sees it elsewhere at once. */
  readonly onSaid: (said: Said) => void;
}

export interface WiredPullRequests {
  readonly forge: Forge;
  readonly pullRequests: PullRequests;
}

/** Undefined when the branch is followed as it is. */
export async function wirePullRequests(
  settings: RunSettings,
  wiring: Wiring,
  repository: SpecRepository,
  holder: string,
  { report, onSaid }: ForgeListeners,
): Promise<WiredPullRequests | undefined> {
  const forge = await wireForge(settings, wiring, onSaid);
  if (forge === undefined) return undefined;
  const { PullRequests } = await import('../engine/pull-requests/pull-requests.ts');
  const { ports, leases } = wiring;
  const own = { branch: settings.branch, version: VERSION, holder };
  return {
    forge,
    pullRequests: new PullRequests({ forge, repository, ports, leases, settings: own, report }),
  };
}

async function wireForge(
  settings: RunSettings,
  { ports }: Wiring,
  onSaid: (said: Said) => void,
): Promise<Forge | undefined> {
  const { forge, branch, stateDir } = settings;
  if (forge.kind === 'none') return undefined;
  const { secrets, store } = ports;
  const { LocalForge } = await import('../adapters/local-forge/local-forge.ts');
  return new LocalForge({
    source: {
      url: settings.repository,
      branch,
      directory: join(stateDir, 'forge'),
      environment: settings.environment,
      ...(settings.access === undefined ? {} : { access: settings.access }),
    },
    secrets,
    store,
    onSaid,
  });
}
