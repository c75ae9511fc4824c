/** Where changes are proposed, and how one is known there. */
import type { SecretRef } from '../../spec-schema/cluster-spec.ts';
import type { SettingReader } from './setting-reader.ts';

export type ForgeSettings =
  | { readonly kind: 'none' }
  | { readonly kind: 'local' }
  | {
      readonly kind: 'github';
      readonly apiUrl: string;
      readonly owner: string;
      readonly repository: string;
      /** Undefined when there is none: that was complained about. */
      readonly identity: GitHubIdentity | undefined;
    };

export type GitHubIdentity =
  | { readonly kind: 'token'; readonly token: SecretRef }
  | {
      readonly kind: 'app';
      readonly id: number;
      readonly key: SecretRef;
      /** Found by the repository unless given. */
      readonly installation: number | undefined;
    };

const GITHUB = 'github.com';

/** @param token of the repository, which serves for the API too where there is no other. */
export function readForge(reader: SettingReader, url: string, token: SecretRef | undefined): ForgeSettings {
  const place = placeOf(url);
  const identity = identityOf(reader);
  const apiUrl = reader.text('githubApi');
  const isGitHub = place?.host === GITHUB || identity !== undefined || apiUrl !== undefined;
  const kind = reader.choice('forge', ['github', 'local', 'none'] as const, isGitHub ? 'github' : 'local');
  if (kind !== 'github') return { kind };
  const known = identity ?? (token === undefined ? undefined : ({ kind: 'token', token } as const));
  if (known === undefined)
    reader.complain(
      'githubTokenFile',
      'or REDISFORGE_GITHUB_APP_ID must be set, for plans to be shown in pull requests; `--forge none` follows the branch without them',
    );
  if (place === undefined && url !== '')
    reader.complain(
      'forge',
      'is github, but the repository is not at GitHub: its URL must end in OWNER/NAME',
    );
  const { host, owner, repository } = place ?? { host: GITHUB, owner: '', repository: '' };
  const ofHost = host === GITHUB ? 'https://api.github.com' : `https://${host}/api/v3`;
  return { kind, apiUrl: (apiUrl ?? ofHost).replace(/\/+$/, ''), owner, repository, identity: known };
}

function identityOf(reader: SettingReader): GitHubIdentity | undefined {
  const id = reader.text('githubApp');
  const token = reader.secret('githubTokenFile', 'githubToken');
  if (id === undefined) return token === undefined ? undefined : { kind: 'token', token };
  if (token !== undefined)
    reader.complain('githubApp', 'and a token of GitHub are both set: which of the two is RedisForge?');
  const key = reader.text('githubAppKey');
  if (key === undefined) reader.complain('githubAppKey', 'must be set too: the App proves itself with it');
  const installation = reader.text('githubInstallation');
  for (const [name, text] of [
    ['githubApp', id],
    ['githubInstallation', installation],
  ] as const)
    if (text !== undefined && !/^\d{1,15}$/.test(text))
      reader.complain(name, `must be a number, not ${text}`);
  return {
    kind: 'app',
    id: Number(id),
    key: { file: key ?? '' },
    installation: installation === undefined ? undefined : Number(installation),
  };
}

/** Host and path of `https://host/owner/name.git`, `ssh://git@host/owner/name` and `git@host:owner/name`. */
function placeOf(
  url: string,
): { readonly host: string; readonly owner: string; readonly repository: string } | undefined {
  const match =
    /^https?:\/\/(?:[^/@]+@)?([^/]+)\/(?:.*\/)?([^/]+)\/([^/]+?)(?:\.git)?\/?$/i.exec(url) ??
    /^ssh:\/\/(?:[^/@]+@)?([^/:]+)(?::\d+)?\/(?:.*\/)?([^/]+)\/([^/]+?)(?:\.git)?\/?$/i.exec(url) ??
    /^[^/\s@]+@([^/:\s]+):(?:.*\/)?([^/]+)\/([^/]+?)(?:\.git)?\/?$/.exec(url);
  const [, host, owner, repository] = match ?? [];
  return host === undefined || owner === undefined || repository === undefined
    ? undefined
    : { host: host.toLowerCase(), owner, repository };
}
