/** Files to a tar archive and back: how anything gets into a volume without a path on the host. */
import { extract, pack } from 'tar-stream';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface TarEntry {
  readonly path: string;
  /** Undefined for a folder. */
  readonly content?: string;
  readonly mode: number;
}

export async function packTar(entries: readonly TarEntry[], owner: Owner): Promise<Buffer> {
  const archive = pack();
  for (const { path, content, mode } of entries) {
    const header = { name: path, mode, uid: owner.uid, gid: owner.gid };
    if (content === undefined) archive.entry({ ...header, type: 'directory' });
    else archive.entry(header, content);
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The first file of an archive as text; undefined when it holds none. */
export async function firstFile(archive: Buffer): Promise<string | undefined> {
  const reader = extract();
  reader.end(archive);
  let text: string | undefined;
  for await (const entry of reader) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    if (text === undefined && entry.header.type === 'file') text = Buffer.concat(chunks).toString();
  }
  return text;
}
