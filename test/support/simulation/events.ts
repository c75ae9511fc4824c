/** `docker events` of one simulated machine. */
import type { EngineEvent } from '../../../reconciler/ports.ts';
import { type Machine, REDISFORGE, type World } from './world.ts';

/** Ends when the signal is aborted, or when the engine cannot be reached any more. */
export async function* containerEvents(
  world: World,
  machine: Machine,
  cluster: string,
  signal: AbortSignal,
): AsyncIterable<EngineEvent> {
  const waiting: EngineEvent[] = [];
  let wake: () => void = () => {};
  let ended = false;
  const tell: (typeof world.onContainerEvent)[number] = (container, action) => {
    const { plan } = container;
    if (container.machine !== machine || plan.labels['dev.redisforge.cluster'] !== cluster) return;
    if (machine.power === 'off' || machine.engine === 'stopped') return;
    const node = plan.labels['dev.redisforge.node'] ?? '';
    const event = { action, container: plan.name, node, at: world.now };
    // The event's own way takes longer than the process needs to die: measured 97 to 281 ms.
    world.scheduler.wake(world.callChance.int(97, 281), () => {
      if (!world.passes(REDISFORGE, machine.docker)) return;
      waiting.push(event);
      wake();
    });
  };
  const end = () => {
    ended = true;
    world.scheduler.wake(0, () => wake());
  };
  const lost = (gone: Machine) => {
    if (gone === machine) end();
  };
  signal.addEventListener('abort', end, { once: true });
  world.onEngineLost.push(lost);
  world.onContainerEvent.push(tell);
  try {
    while (!ended && !signal.aborted) {
      const next = waiting.shift();
      if (next !== undefined) yield next;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    signal.removeEventListener('abort', end);
    drop(world.onContainerEvent, tell);
    drop(world.onEngineLost, lost);
  }
}

function drop<T>(list: T[], each: T): void {
  const at = list.indexOf(each);
  if (at >= 0) list.splice(at, 1);
}
