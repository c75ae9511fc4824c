// Which of the project's tasks need a Docker Engine.

/**
 * @param {string} task
 * @param {string[]} args
 */
export function needsEngine(task, args) {
  // An engine that has to be installed has nothing of the demo's on it.
  if (task === 'demo' && args.includes('--down')) return false;
  if (task !== 'test') return true;
  const projects = chosenProjects(args);
  return projects.length === 0 || projects.includes('integration');
}

/**
 * The values of `--project`, which may be given several times.
 *
 * @param {string[]} args
 */
export function chosenProjects(args) {
  return args.flatMap((arg, index) => {
    if (arg.startsWith('--project=')) return [arg.slice('--project='.length)];
    const next = args[index + 1];
    return arg === '--project' && next !== undefined ? [next] : [];
  });
}
