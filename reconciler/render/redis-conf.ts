/** The configuration file and the ACL file that a node starts from. */
import { findDirective } from '../../spec-schema/directives.ts';

/** Stands for the image's data directory in rendered files; the engine adapter knows it and puts it in. */
export const DATA_DIRECTORY = '@DATA@';

/** Directives whose value is several words, which must not be quoted into one. */
const SEVERAL_WORDS: ReadonlySet<string> = new Set([
  'save',
  'client-output-buffer-limit',
  'bind',
  'oom-score-adj-values',
  'loadmodule',
]);

/** What every node has and nobody may change: where things are, and that it is a cluster node behind an ACL. */
const FIXED: readonly string[] = [
  'cluster-enabled yes',
  'cluster-config-file nodes.conf',
  `dir ${DATA_DIRECTORY}`,
  `aclfile ${DATA_DIRECTORY}/conf/users.acl`,
  'bind * -::*',
  // Everybody has to log in (the default user is off), so that protection by address adds nothing.
  'protected-mode no',
  'daemonize no',
  'logfile ""',
];

/** One argument as Redis' configuration parser reads it back (`sdssplitargs`). */
export function quoteArgument(value: string): string {
  if (/^[A-Za-z0-9_.,:/@%+=*-]+$/.test(value)) return value;
  const escaped = value
    .replace(/[\\"]/g, (character) => `\\${character}`)
    .replace(/\n/g, '\\n')
    .replace(/\r/g, '\\r')
    .replace(/\t/g, '\\t');
  return `"${escaped}"`;
}

function line(directive: string, value: string): string {
  const type = findDirective(directive);
  const several = SEVERAL_WORDS.has(type?.name ?? directive) && value !== '';
  return `${directive} ${several ? value : quoteArgument(value)}`;
}

/**
 * The text of redis.conf.
 * @param config directives and values, secrets revealed: the text is as secret as they are.
 */
export function redisConf(config: Readonly<Record<string, string>>): string {
  const lines = Object.entries(config).map(([directive, value]) => line(directive, value));
  return [
    '# Written by RedisForge; the server rewrites it when directives are changed live.',
    ...FIXED,
    ...lines,
    '',
  ].join('\n');
}
