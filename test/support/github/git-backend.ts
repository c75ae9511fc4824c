/** Git over HTTP, by Git's own server side (`git http-backend`), as a web server runs it. */
import { spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { dirname } from 'node:path';

/**
 * Lets Git answer a request for the bare repository in `folder`.
 * @param service the path behind the repository, for example `/info/refs`
 * @param pushed called after a push, before it is answered
 */
export async function serveGit(
  folder: string,
  service: string,
  query: string,
  request: IncomingMessage,
  response: ServerResponse,
  pushed: () => Promise<void>,
): Promise<void> {
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_PROJECT_ROOT: dirname(folder),
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: `${folder.slice(dirname(folder).length)}${service}`,
      QUERY_STRING: query,
      REQUEST_METHOD: request.method,
      REMOTE_USER: 'somebody',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    },
  });
  child.stdin.on('error', () => {});
  request.pipe(child.stdin);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  await new Promise((resolve) => child.on('close', resolve));
  const output = Buffer.concat(chunks);
  const end = output.indexOf('\r\n\r\n');
  if (end < 0) {
    response.writeHead(500).end();
    return;
  }
  const lines = output.subarray(0, end).toString().split('\r\n');
  const headers = lines.map((line) => line.split(': ') as [string, string]);
  const status = headers.find(([name]) => name === 'Status')?.[1] ?? '200';
  if (service === '/git-receive-pack') await pushed();
  response.writeHead(Number.parseInt(status, 10), Object.fromEntries(headers)).end(output.subarray(end + 4));
}
