/** What of a running node differs and can be changed only by stopping its process. */
import type { LaunchState, NodeState } from '../model/cluster-state.ts';
import { needsRestart } from './intent.ts';

/** What of a container cannot be changed in place and differs, in words; '' when nothing does. */
export function launchChanges(
  is: LaunchState | null | undefined,
  want: LaunchState | null | undefined,
): string {
  if (is === null || is === undefined || want === null || want === undefined) return '';
  const fixed = ['image', 'nofile', 'network', 'ip', 'publish'] as const;
  // A limit can be changed while the container runs, but not taken away again.
  const lifted = (['memoryBytes', 'cpus'] as const).filter((field) => want[field] === 0 && is[field] !== 0);
  return [...fixed, ...lifted]
    .filter((field) => is[field] !== want[field])
    .map((field) => `${field} ${is[field] || 'none'} -> ${want[field] || 'none'}`)
    .join(', ');
}

/** Directives of a server that answers, which differ and take effect only at a start, with their new values. */
export function startOnlyChanges(
  { reachable, config }: NodeState,
  want: Readonly<Record<string, string>>,
): Record<string, string> {
  if (reachable !== 'yes') return {};
  return Object.fromEntries(
    Object.entries(want).filter(
      ([directive, value]) =>
        config[directive] !== value && needsRestart(directive, config[directive], value),
    ),
  );
}

/** Whether the node's process runs and has to be stopped for the node to become what is wanted. */
export function hasToStop(
  is: NodeState,
  want: { readonly launch: LaunchState | null; readonly config: Readonly<Record<string, string>> },
): boolean {
  if (is.container !== 'running') return false;
  return (
    launchChanges(is.launch, want.launch) !== '' || Object.keys(startOnlyChanges(is, want.config)).length > 0
  );
}
