// Runs once before the integration tests: they get an engine and the Redis image also when Vitest is started by hand.
import { ensureEngine } from './engine.js';
import { ensureRedisImage } from './images.js';

export async function setup() {
  const { dockerHost } = await ensureEngine();
  // The test processes are started later and inherit it.
  process.env['DOCKER_HOST'] = dockerHost;
  await ensureRedisImage(dockerHost);
}
