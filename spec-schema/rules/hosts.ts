/** Hosts: how their engines are reached, and whether anything runs on them. */
import type { HostSpec } from '../cluster-spec.ts';
import type { Finding } from '../finding.ts';
import type { Rule, RuleContext } from './rule.ts';

export const hostRules: Rule = function* (context) {
  for (const host of context.hosts) yield* transport(context, host);
  yield* unused(context);
  yield* oneEngine(context);
};

function* transport(context: RuleContext, host: HostSpec): Iterable<Finding> {
  const scheme = host.docker.slice(0, host.docker.indexOf(':'));
  const docker = { severity: 'error', path: context.at(host, 'docker') } as const;
  if (scheme !== 'unix') yield* remoteUrl(host, docker.path);
  if (scheme === 'ssh' && host.ssh === undefined) {
    yield {
      ...docker,
      code: 'missing-ssh',
      summary: `host \`${host.name}\` is reached over SSH, and the spec does not say with which keys`,
      hint: `add \`ssh: { hostKey: "SHA256:…", identity: { file: … } }\`; \`ssh-keyscan HOST | ssh-keygen -lf -\` prints the host key`,
    };
  }
  if (scheme === 'tcp+tls' && host.tls === undefined) {
    yield {
      ...docker,
      code: 'missing-tls',
      summary: `host \`${host.name}\` is reached over TLS, and the spec does not say with which certificates`,
      hint: 'add `tls: { ca: { file: … }, certificate: { file: … }, key: { file: … } }`',
    };
  }
  for (const [section, needed] of [
    ['ssh', 'ssh'],
    ['tls', 'tcp+tls'],
  ] as const) {
    if (host[section] === undefined || scheme === needed) continue;
    yield {
      severity: 'warning',
      code: 'unused-section',
      path: context.at(host, section),
      target: 'key',
      summary: `\`${section}\` has no effect on host \`${host.name}\`, which is reached by ${scheme}://`,
      hint: `remove \`${section}\`, or change \`docker\` to ${needed}://`,
    };
  }
}

/** `ssh://user@host[:port]` and `tcp+tls://host:port`, and nothing more: no password, no path. */
function* remoteUrl(host: HostSpec, path: Finding['path']): Iterable<Finding> {
  const [scheme, rest = ''] = host.docker.split('://');
  const ssh = scheme === 'ssh';
  if (/^[^/]*:[^/]*@/.test(rest)) {
    yield {
      severity: 'error',
      code: 'secret-in-url',
      path,
      evidence: `${scheme}://[hidden]@${rest.slice(rest.lastIndexOf('@') + 1)}`,
      summary: `the address of host \`${host.name}\` contains a password`,
      hint: 'log in with a key (`ssh.identity`), and change a password that was ever committed',
    };
    return;
  }
  const form = ssh
    ? /^[A-Za-z0-9._-]+@(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?$/
    : /^(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})$/;
  const match = form.exec(rest);
  if (match !== null && Number(match[1] ?? 22) <= 65535 && Number(match[1] ?? 22) > 0) return;
  yield {
    severity: 'error',
    code: 'invalid-engine-address',
    path,
    summary: `the address of host \`${host.name}\` has not the form that ${scheme}:// needs`,
    hint: ssh
      ? 'write ssh://user@host or ssh://user@host:port'
      : 'write tcp+tls://host:port; the usual port is 2376',
  };
}

function* unused(context: RuleContext): Iterable<Finding> {
  if (!context.isWhole('nodes')) return;
  const used = new Set(context.spec.nodes.map((node) => node.host));
  const known = new Set(context.spec.hosts.map((host) => host.name));
  // A misspelt host is an error of its own, and the one that was meant is not unused.
  if (!used.isSubsetOf(known)) return;
  for (const host of context.hosts) {
    if (used.has(host.name)) continue;
    yield {
      severity: 'warning',
      code: 'unused-host',
      path: context.at(host, 'name'),
      summary: `no node runs on host \`${host.name}\``,
      hint: 'remove the host, or place a node on it',
    };
  }
}

/** One engine cannot be in two places: zones on it survive nothing together. Demos do it on purpose. */
function* oneEngine(context: RuleContext): Iterable<Finding> {
  const byEngine = Map.groupBy(context.hosts, (host) => host.docker);
  for (const [engine, hosts] of byEngine) {
    const zones = [...new Set(hosts.map((host) => host.zone))];
    const second = hosts.find((host) => host.zone !== zones[0]);
    if (second === undefined) continue;
    yield {
      severity: 'warning',
      code: 'one-engine-many-zones',
      path: context.at(second, 'docker'),
      summary: `hosts ${list(hosts.map((host) => host.name))} are one engine (${engine}), but the spec puts them in zones ${list(zones)}: when it stops, all of them are lost at once`,
      hint: 'name the engine of each zone; for a demo on one machine this is fine',
    };
  }
}

function list(names: readonly string[]): string {
  return names.length > 6 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');
}
