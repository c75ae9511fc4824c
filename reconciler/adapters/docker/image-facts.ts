/** What must be known of an image before redis-server can run in it: as whom, and where its data lies. */
import { PortError } from '../../ports.ts';
import type { Owner } from './tar-files.ts';

/** The part of an image's JSON that is looked at. */
export interface ImageJson {
  readonly Id: string;
  readonly Config: {
    readonly User?: string;
    readonly WorkingDir?: string;
    readonly Volumes?: Readonly<Record<string, unknown>> | null;
  } | null;
}

export interface ImageFacts {
  readonly id: string;
  /** Name or number of the user, perhaps with `:group`. */
  readonly user: string;
  /** Absolute, without trailing slash. */
  readonly dataDirectory: string;
}

export function imageFacts(image: ImageJson): ImageFacts {
  const config = image.Config ?? {};
  const declared = Object.keys(config.Volumes ?? {})
    .map(withoutSlash)
    .sort();
  const workingDirectory = withoutSlash(config.WorkingDir ?? '');
  const preferred = [workingDirectory, '/data'].find((path) => declared.includes(path));
  // The official image starts as root and steps down in its entrypoint, which we do not use.
  const asRoot = /^(?:|root|0)(?:$|:)/.test(config.User ?? '');
  return {
    id: image.Id,
    user: asRoot ? 'redis' : (config.User as string),
    dataDirectory: preferred ?? declared[0] ?? '/data',
  };
}

/**
 * Finds the numbers of a user in the image's own files.
 * @param passwd `/etc/passwd`, undefined when the image has none; `group` likewise.
 */
export function ownerOf(user: string, passwd: string | undefined, group: string | undefined): Owner {
  const [name = '', groupName] = user.split(':');
  const account = lines(passwd).find((fields) => fields[0] === name || fields[2] === name);
  const uid = Number(account?.[2] ?? name);
  const gid = groupName === undefined ? Number(account?.[3] ?? 0) : groupId(groupName, group);
  if (!Number.isInteger(uid) || !Number.isInteger(gid)) {
    const missing = Number.isInteger(uid) ? `group ${groupName}` : `user ${name}`;
    throw new PortError(
      'refused',
      `the image has no ${missing}: give it one, or name one by USER in the image`,
    );
  }
  return { uid, gid };
}

function groupId(name: string, group: string | undefined): number {
  return Number(lines(group).find((fields) => fields[0] === name)?.[2] ?? name);
}

function lines(file: string | undefined): string[][] {
  return (file ?? '').split('\n').map((line) => line.split(':'));
}

function withoutSlash(path: string): string {
  return path.replace(/\/+$/, '');
}
