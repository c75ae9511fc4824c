#!/usr/bin/env node
// The `redisforge` command: runs the reconciler's sources with the pinned Node.js, whatever Node.js started it.
import { join } from 'node:path';
import { projectRoot } from './modules.js';
import { continueInPinnedNode, ensureModules } from './toolchain.js';

try {
  await ensureModules();
  // One arena of glibc's allocator instead of one for each thread, of which a reconciler that waits has no use (4 MB).
  const env = { ...process.env, MALLOC_ARENA_MAX: process.env['MALLOC_ARENA_MAX'] ?? '1' };
  await continueInPinnedNode([join(projectRoot, 'reconciler/app/main.ts'), ...process.argv.slice(2)], env);
} catch (error) {
  console.error(`redisforge: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}
