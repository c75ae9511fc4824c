/** Makes a node's container: created, filled with its files, started, and looked at until it stands. */
import { setTimeout as wait } from 'node:timers/promises';
import pLimit from 'p-limit';
import { type ContainerPlan, type FileToPut, PortError } from '../../ports.ts';
import { CONF, containerBody } from './container-body.ts';
import type { ContainerJson } from './container-reading.ts';
import type { DockerApi } from './docker-api.ts';
import { codeOfText } from './docker-errors.ts';
import { type ImageFacts, imageFacts, ownerOf } from './image-facts.ts';
import type { Inventory } from './inventory.ts';
import { demultiplex, hideSecrets, tail } from './log-text.ts';
import { firstFile, type Owner, packTar, type TarEntry } from './tar-files.ts';

const CALL_MS = 30_000;
/** A redis-server that cannot listen or does not like its configuration is gone sooner than that. */
const STANDS_AFTER_MS = 150;
const LOOK_EVERY_MS = 40;
/** Until the engine has told how many cores it has. */
const LAUNCHES = 2;

export class Launcher {
  readonly #api: DockerApi;
  readonly #inventory: Inventory;
  /** Image id and user to the user's numbers. An image never changes under its id. */
  readonly #owners = new Map<string, Promise<Owner>>();
  /**
   * Making a container is work, not waiting: more at a time than there are cores delay all of them, and the first as
   * long as the last (measured: six on two cores stood after 2.3 to 3.4 s, in this way from 1.2 to 2.2 s).
   */
  readonly #launches = pLimit(LAUNCHES);

  constructor(api: DockerApi, inventory: Inventory) {
    this.#api = api;
    this.#inventory = inventory;
  }

  /** @param cores of the engine's machine. */
  useCores(cores: number): void {
    this.#launches.concurrency = Math.max(LAUNCHES, cores + 1);
  }

  /** Those that are asked for first are made first. */
  async run(plan: ContainerPlan): Promise<void> {
    const id = await this.#launches(() => this.#launch(plan));
    try {
      await this.#stands(id, plan.name);
    } catch (error) {
      await this.#discard(id, error);
      throw error;
    }
  }

  /** Puts files into a container that exists; see {@link Engine.putFiles}. */
  async put(container: ContainerJson, files: readonly FileToPut[]): Promise<void> {
    const { Id: id, Config: config } = container;
    const directory = dataDirectory(container);
    const owner = await this.#owner(id, container.Image, config.User);
    if (!container.State.Running) return this.#fill(id, files, directory, owner);
    // Putting a file over another removes it first, and a reader sees it missing (measured): so the new files go
    // beside the old ones, and are renamed over them.
    const incoming = `${CONF}/.incoming`;
    const parents = folders(CONF, files);
    const content = [...parents, folder(incoming), ...entries(incoming, files, directory)];
    await this.#archive(id, directory, content, owner);
    for (const [parent, names] of byFolder(files)) {
      const sources = names.map((name) => `${directory}/${incoming}/${name}`);
      await this.#exec(container, ['mv', '-f', '--', ...sources, `${directory}/${CONF}/${parent}`]);
    }
  }

  async #launch(plan: ContainerPlan): Promise<string> {
    const image = await this.#inventory.image(plan.image);
    if (image === undefined) {
      throw new PortError('not-found', `${this.#api.name}: there is no image ${plan.image}`);
    }
    await this.#inventory.requireVolume(plan.volume, plan.labels);
    const facts = imageFacts(image);
    await this.#removeHalfMade(plan);
    const id = await this.#create(plan, facts);
    try {
      await this.#fill(id, plan.files, facts.dataDirectory, await this.#owner(id, facts.id, facts.user));
      await this.#post(`start container ${plan.name}`, `/containers/${id}/start`);
      return id;
    } catch (error) {
      await this.#discard(id, error);
      throw error;
    }
  }

  /** A container that was created and never started is what a crash of ours leaves behind: it is made again. */
  async #removeHalfMade(plan: ContainerPlan): Promise<void> {
    const existing = await this.#inventory.container(plan.name);
    if (existing === undefined) return;
    this.#inventory.requireSame(`container ${plan.name}`, existing.Config.Labels ?? {}, plan.labels);
    if (existing.State.Status !== 'created') {
      throw new PortError('conflict', `${this.#api.name}: container ${plan.name} exists already`);
    }
    await this.#remove(existing.Id);
  }

  async #create(plan: ContainerPlan, facts: ImageFacts): Promise<string> {
    const { Id } = await this.#api.json<{ Id: string }>({
      what: `create container ${plan.name}`,
      method: 'POST',
      path: '/containers/create',
      query: { name: plan.name },
      body: containerBody(plan, facts),
      deadlineMs: CALL_MS,
    });
    return Id;
  }

  /** Reading a file of a container is dear, so that containers made at the same time share the answer. */
  #owner(container: string, image: string, user: string): Promise<Owner> {
    const key = `${image} ${user}`;
    const known = this.#owners.get(key);
    if (known !== undefined) return known;
    const asked = this.#readOwner(container, user);
    this.#owners.set(key, asked);
    asked.catch(() => this.#owners.delete(key));
    return asked;
  }

  async #readOwner(container: string, user: string): Promise<Owner> {
    const [passwd, group] = await Promise.all([
      this.#file(container, '/etc/passwd'),
      // Where no group is named it is that of the account.
      user.includes(':') ? this.#file(container, '/etc/group') : undefined,
    ]);
    return ownerOf(user, passwd, group);
  }

  async #file(container: string, path: string): Promise<string | undefined> {
    try {
      const what = `read ${path}`;
      const source = `/containers/${container}/archive`;
      return await firstFile(
        await this.#api.bytes({ what, method: 'GET', path: source, query: { path }, deadlineMs: CALL_MS }),
      );
    } catch (error) {
      if (error instanceof PortError && error.code === 'not-found') return undefined;
      throw error;
    }
  }

  /** The volume itself comes first: a new one belongs to root, and redis-server writes its state into it. */
  #fill(container: string, files: readonly FileToPut[], directory: string, owner: Owner): Promise<void> {
    const all = [folder('', 0o755), folder(CONF), ...entries(CONF, files, directory)];
    return this.#archive(container, directory, all, owner);
  }

  /** Unpacked at the root: the engine skips an entry for the very directory that it unpacks into. */
  async #archive(
    container: string,
    directory: string,
    content: readonly TarEntry[],
    owner: Owner,
  ): Promise<void> {
    const absolute = content.map((entry) => ({ ...entry, path: `${directory.slice(1)}/${entry.path}` }));
    await this.#api.bytes({
      what: 'put files',
      method: 'PUT',
      path: `/containers/${container}/archive`,
      query: { path: '/' },
      tar: await packTar(absolute, owner),
      deadlineMs: CALL_MS,
    });
  }

  async #exec(container: ContainerJson, command: readonly string[]): Promise<void> {
    const what = `run ${command[0]} in ${container.Name.slice(1)}`;
    const body = { AttachStdout: true, AttachStderr: true, Cmd: command };
    const path = `/containers/${container.Id}/exec`;
    const { Id } = await this.#api.json<{ Id: string }>({
      what,
      method: 'POST',
      path,
      body,
      deadlineMs: CALL_MS,
    });
    const start = {
      what,
      method: 'POST',
      path: `/exec/${Id}/start`,
      body: { Detach: false, Tty: false },
    } as const;
    const output = demultiplex(await this.#api.bytes({ ...start, deadlineMs: CALL_MS }));
    const result = { what, method: 'GET', path: `/exec/${Id}/json`, deadlineMs: CALL_MS } as const;
    const { ExitCode } = await this.#api.json<{ ExitCode: number }>(result);
    if (ExitCode !== 0) {
      throw new PortError('refused', `${this.#api.name}: ${what}: exit code ${ExitCode}: ${tail(output, 3)}`);
    }
  }

  async #stands(id: string, name: string): Promise<void> {
    const until = performance.now() + STANDS_AFTER_MS;
    for (;;) {
      const container = await this.#inventory.containerById(id);
      if (container === undefined)
        throw new PortError('not-found', `${this.#api.name}: ${name} is gone again`);
      const { Running, Restarting, ExitCode } = container.State;
      if (!Running || Restarting || container.RestartCount > 0) {
        const log = tail(hideSecrets(await this.log(id, 20)), 6);
        throw new PortError(
          codeOfLog(log),
          `${this.#api.name}: ${name} exited at once with code ${ExitCode}: ${log}`,
        );
      }
      if (performance.now() >= until) return;
      await wait(LOOK_EVERY_MS);
    }
  }

  async log(container: string, lines: number): Promise<string> {
    const bytes = await this.#api.bytes({
      what: `read the log of ${container}`,
      method: 'GET',
      path: `/containers/${container}/logs`,
      query: { stdout: true, stderr: true, tail: lines },
      deadlineMs: CALL_MS,
    });
    return demultiplex(bytes);
  }

  /** A container that runs after all (the answer to "start" was lost) is kept: it may already serve. */
  async #discard(id: string, reason: unknown): Promise<void> {
    try {
      const lost =
        reason instanceof PortError && (reason.code === 'timeout' || reason.code === 'unreachable');
      const container = lost ? await this.#inventory.containerById(id) : undefined;
      if (container?.State.Running) return;
      await this.#remove(id);
    } catch {
      // The failure that led here is what must be told; what is left over shows up in the next reading.
    }
  }

  async #remove(id: string): Promise<void> {
    await this.#api.bytes({
      what: 'remove a container that was not finished',
      method: 'DELETE',
      path: `/containers/${id}`,
      query: { force: true, v: true },
      deadlineMs: CALL_MS,
    });
  }

  async #post(what: string, path: string): Promise<void> {
    await this.#api.bytes({ what, method: 'POST', path, deadlineMs: CALL_MS });
  }
}

/** Where the container's own plan put its data: its volume is mounted there. */
function dataDirectory(container: ContainerJson): string {
  const file = container.Config.Cmd?.[0] ?? '';
  const mount = container.Mounts.find(
    (each) => each.Type === 'volume' && file.startsWith(`${each.Destination}/`),
  );
  if (mount !== undefined) return mount.Destination;
  throw new PortError('conflict', `container ${container.Name.slice(1)} has no volume that holds its files`);
}

function entries(parent: string, files: readonly FileToPut[], directory: string): TarEntry[] {
  return [
    ...folders(parent, files),
    ...files.map(({ path, content, mode }) => ({
      path: `${parent}/${path}`,
      content: content.replaceAll('@DATA@', directory),
      mode,
    })),
  ];
}

function folders(parent: string, files: readonly FileToPut[]): TarEntry[] {
  const paths = new Set(files.map(({ path }) => folderOf(path)).filter((path) => path !== ''));
  return [...paths].sort().map((path) => folder(`${parent}/${path}`));
}

function folder(path: string, mode = 0o700): TarEntry {
  return { path: path === '' ? '' : `${path}/`, mode };
}

function byFolder(files: readonly FileToPut[]): Map<string, string[]> {
  return Map.groupBy(
    files.map(({ path }) => path),
    folderOf,
  );
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}

function codeOfLog(log: string): 'port-in-use' | 'refused' {
  return codeOfText(log) === 'port-in-use' ? 'port-in-use' : 'refused';
}
