/** A registry with one tiny image, as far as an engine needs it to pull: manifests and blobs over HTTP. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';

interface Blob {
  readonly digest: string;
  readonly size: number;
  readonly bytes: Buffer;
}

function blob(bytes: Buffer): Blob {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  return { digest, size: bytes.length, bytes };
}

export interface ImageRegistry {
  /** `127.0.0.1:port`: engines speak plain HTTP with a registry on their own machine. */
  readonly address: string;
  close(): Promise<void>;
}

/** Answers for every name and tag with the same image: one layer, and nothing in it. */
export async function startImageRegistry(): Promise<ImageRegistry> {
  // Two blocks of zeros are an archive without files.
  const archive = Buffer.alloc(1024);
  const layer = blob(gzipSync(archive));
  const config = blob(
    Buffer.from(
      JSON.stringify({
        architecture: process.arch === 'x64' ? 'amd64' : process.arch,
        os: 'linux',
        config: {},
        rootfs: { type: 'layers', diff_ids: [blob(archive).digest] },
        history: [{ created_by: 'a test' }],
      }),
    ),
  );
  const entry = (mediaType: string, { digest, size }: Blob) => ({ mediaType, digest, size });
  const manifest = blob(
    Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MANIFEST,
        config: entry('application/vnd.docker.container.image.v1+json', config),
        layers: [entry('application/vnd.docker.image.rootfs.diff.tar.gzip', layer)],
      }),
    ),
  );
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    const asked = path.includes('/manifests/')
      ? manifest
      : [layer, config].find(({ digest }) => path.endsWith(`/blobs/${digest}`));
    if (path === '/v2/') return response.end('{}');
    if (asked === undefined) return response.writeHead(404).end();
    response.writeHead(200, {
      'content-type': asked === manifest ? MANIFEST : 'application/octet-stream',
      'content-length': asked.size,
      'docker-content-digest': asked.digest,
    });
    return response.end(request.method === 'HEAD' ? undefined : asked.bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
