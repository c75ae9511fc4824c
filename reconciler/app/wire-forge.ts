/** The place where changes are proposed, made real, and the life of pull requests on it. */
import { join } from 'node:path';
import type { GitAccess } from '../adapters/git/remote.ts';
import type { GithubNumbers } from '../adapters/github/meter.ts';
import type { Said } from '../adapters/local-forge/local-forge.ts';
import type { Channel } from '../adapters/notifications/channel-notifier.ts';
import type { PullRequests } from '../engine/pull-requests/pull-requests.ts';
import type { ReconcilerEvent } from '../engine/reconciler-events.ts';
import type { Forge } from '../ports/forge.ts';
import type { Notifier } from '../ports/notifier.ts';
import type { SpecRepository } from '../ports.ts';
import type { ForgeSettings } from './forge-settings.ts';
import { PLANS_PATH } from './http/plans.ts';
import type { RunSettings } from './settings.ts';
import { VERSION } from './version.ts';
import { type Wiring, wireRepository } from './wiring.ts';

export interface ForgeListeners {
  readonly report: (event: ReconcilerEvent) => void;
  /** What the embedded forge was told to say: nobody sees it elsewhere at once. */
  readonly onSaid: (said: Said) => void;
}

export interface Proposals {
  readonly repository: SpecRepository;
  /** Undefined when the branch is followed as it is. */
  readonly pullRequests: PullRequests | undefined;
  /** Traffic with the forge, where it is counted. */
  readonly numbers: (() => GithubNumbers) | undefined;
  close(): Promise<void>;
}

interface WiredForge {
  readonly forge: Forge;
  readonly numbers?: () => GithubNumbers;
  /** How Git reads the repository, unless the settings say so. */
  readonly access?: GitAccess;
}

/** The repository that is followed, and what becomes of the changes that are proposed to it. */
export async function wireProposals(
  settings: RunSettings,
  wiring: Wiring,
  holder: string,
  { report, onSaid }: ForgeListeners,
): Promise<Proposals> {
  const { forge: chosen, branch } = settings;
  const wired =
    chosen.kind === 'none'
      ? undefined
      : chosen.kind === 'github'
        ? await wireGithub(chosen, settings, wiring)
        : await wireLocal(settings, wiring, onSaid);
  const repository = await wireRepository(settings, wiring, settings.access ?? wired?.access);
  if (wired === undefined)
    return { repository, pullRequests: undefined, numbers: undefined, close: async () => {} };
  const { PullRequests } = await import('../engine/pull-requests/pull-requests.ts');
  const { ports, leases } = wiring;
  const pullRequests = new PullRequests({
    forge: wired.forge,
    notifiers: await wireNotifiers(settings, wiring),
    repository,
    ports,
    leases,
    settings: { branch, version: VERSION, holder, pageOf: (cluster) => planPage(settings, cluster) },
    report,
  });
  return { repository, pullRequests, numbers: wired.numbers, close: () => wired.forge.close() };
}

/** Where the whole plan of a cluster is served, when people can reach it. */
function planPage({ publicUrl }: RunSettings, cluster: string): string | undefined {
  return publicUrl === undefined
    ? undefined
    : `${publicUrl}${PLANS_PATH}?cluster=${encodeURIComponent(cluster)}`;
}

async function wireGithub(
  { apiUrl, owner, repository: repo, identity }: Extract<ForgeSettings, { kind: 'github' }>,
  { branch, repository: url }: RunSettings,
  { ports }: Wiring,
): Promise<WiredForge> {
  if (identity === undefined) throw new RangeError('settings without an identity are refused');
  const { GithubForge } = await import('../adapters/github/github-forge.ts');
  const access =
    identity.kind === 'token'
      ? identity
      : ({
          kind: 'app',
          appId: identity.id,
          privateKey: identity.key,
          ...(identity.installation === undefined ? {} : { installation: identity.installation }),
        } as const);
  const forge = new GithubForge({ apiUrl, owner, repo, access, branch, version: VERSION }, ports);
  const numbers = (): GithubNumbers => forge.numbers();
  if (!/^https?:/i.test(url)) return { forge, numbers };
  return { forge, numbers, access: { kind: 'issued', token: () => forge.gitToken() } };
}

async function wireLocal(
  { repository: url, branch, stateDir, environment, access }: RunSettings,
  { ports: { secrets, store } }: Wiring,
  onSaid: (said: Said) => void,
): Promise<WiredForge> {
  const { LocalForge } = await import('../adapters/local-forge/local-forge.ts');
  const place = { url, branch, directory: join(stateDir, 'forge'), environment };
  const source = { ...place, ...(access === undefined ? {} : { access }) };
  return { forge: new LocalForge({ source, secrets, store, onSaid }) };
}

/** The channels that are told too. Their addresses are read anew at each message: they may be rotated. */
async function wireNotifiers(
  { notifications: { discord, slack, slackBot } }: RunSettings,
  { ports: { secrets, store, clock } }: Wiring,
): Promise<Notifier[]> {
  if (discord === undefined && slack === undefined && slackBot === undefined) return [];
  const { ChannelNotifier } = await import('../adapters/notifications/channel-notifier.ts');
  const channels: Channel[] = [];
  if (discord !== undefined) {
    const { DiscordChannel } = await import('../adapters/notifications/discord.ts');
    channels.push(new DiscordChannel({ address: () => secrets.read(discord), clock }));
  }
  if (slackBot !== undefined) {
    const { SlackBot } = await import('../adapters/notifications/slack.ts');
    const { token, channel } = slackBot;
    channels.push(new SlackBot({ token: () => secrets.read(token), channel, clock }));
  } else if (slack !== undefined) {
    const { SlackWebhook } = await import('../adapters/notifications/slack.ts');
    channels.push(new SlackWebhook({ address: () => secrets.read(slack), clock }));
  }
  return channels.map((channel) => new ChannelNotifier(channel, store));
}
