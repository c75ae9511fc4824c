#!/usr/bin/env node
// The `redisforge` command: runs the reconciler's sources with the pinned Node.js, whatever Node.js started it.
import { join } from 'node:path';
import { projectRoot } from './modules.js';
import { continueInPinnedNode, ensureModules } from './toolchain.js';

try {
  await ensureModules();
  await continueInPinnedNode([join(projectRoot, 'reconciler/app/main.ts'), ...process.argv.slice(2)]);
} catch (error) {
  console.error(`redisforge: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}
