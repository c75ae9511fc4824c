// Runs another program and turns a failure into an error that shows what the program said last.
import { spawn } from 'node:child_process';

const keptOutput = 16_384;

/** What a program said and how it ended, when that was not well. */
export class CommandFailed extends Error {
  /**
   * @param {string} command
   * @param {string} how
   * @param {string} output
   */
  constructor(command, how, output) {
    const tail = output.trim().split('\n').slice(-15).join('\n');
    super(`${command} ${how}${tail === '' ? '' : `:\n${tail}`}`);
    this.name = 'CommandFailed';
  }
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, signal?: AbortSignal, detached?: boolean }} [options] a detached
 *   program has a process group of its own, yet it is stopped when this process ends
 * @returns {Promise<string>} its standard output
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const stop = () => child.kill();
    if (options.detached) process.once('exit', stop);
    let output = '';
    let all = '';
    /** @param {string} text */
    const keep = (text) => {
      all = (all + text).slice(-keptOutput);
    };
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      keep(text);
    });
    child.stderr.setEncoding('utf8').on('data', keep);
    child.once('error', (error) =>
      reject(new CommandFailed(command, `could not be run (${error.message})`, all)),
    );
    child.once('close', (code, signal) => {
      process.off('exit', stop);
      if (code === 0) resolve(output);
      else
        reject(new CommandFailed(`${command} ${args[0] ?? ''}`.trim(), `ended with ${signal ?? code}`, all));
    });
  });
}
