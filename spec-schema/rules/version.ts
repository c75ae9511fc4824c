/** The version of Redis: it must be known, and have what RedisForge is built on. */
import { versionOfImage } from '../effective.ts';
import type { Rule } from './rule.ts';

export const versionRules: Rule = function* ({ spec, isWhole }) {
  if (!isWhole('redis')) return;
  const tagged = versionOfImage(spec.redis.image);
  const { version } = spec.redis;
  if (version === undefined && tagged === undefined) {
    yield {
      severity: 'error',
      code: 'unknown-version',
      path: ['redis', 'image'],
      summary: `the tag of \`${spec.redis.image}\` does not tell a full version of Redis: what it runs could change without a commit`,
      hint: 'use a tag with three numbers (`redis:8.6.3`), or say `redis.version: 8.6.3`',
    };
    return;
  }
  if (version !== undefined && tagged !== undefined && version !== tagged) {
    yield {
      severity: 'error',
      code: 'version-mismatch',
      path: ['redis', 'version'],
      summary: `\`redis.version\` is ${version}, and the image's tag says ${tagged}`,
      hint: `remove \`redis.version\`, or set it to ${tagged}`,
    };
  }
  const used = version ?? tagged;
  if (used !== undefined && isTooOld(used)) {
    yield {
      severity: 'error',
      code: 'version-too-old',
      path: version === undefined ? ['redis', 'image'] : ['redis', 'version'],
      summary: `Redis ${used} cannot move slots as one step (CLUSTER MIGRATION came with 8.4), which RedisForge relies on`,
      hint: 'use 8.4.0 or later, for example redis:8.6.3',
    };
  }
};

function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < 8 || (major === 8 && minor < 4);
}
