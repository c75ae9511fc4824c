/** Ports that write down every call that changes something, for tests of silence. */
import type { Ports } from '../../reconciler/engine/cluster.ts';

const READS: ReadonlySet<string> = new Set([
  // of an engine
  'read',
  'logs',
  'events',
  // of a server
  'keysInSlots',
  'slotStats',
  'migrations',
  'linkedFrom',
]);

/** The same ports; `calls` gets the name of every call that is no reading, to the state store too. */
export function recorded(ports: Ports, calls: string[]): Ports {
  return {
    ...ports,
    engines: { of: (host) => recording(ports.engines.of(host), calls), close: () => ports.engines.close() },
    redis: {
      at: (endpoints, credentials) => recording(ports.redis.at(endpoints, credentials), calls),
      close: () => ports.redis.close(),
    },
    store: recording(ports.store, calls),
  };
}

const proxies = new WeakMap<object, object>();

function recording<T extends object>(port: T, calls: string[]): T {
  // One proxy per port: hosts that share an engine are told by its identity.
  const known = proxies.get(port);
  if (known !== undefined) return known as T;
  const proxy = new Proxy(port, {
    get(target, property) {
      const value = Reflect.get(target, property, target) as unknown;
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (!READS.has(String(property))) calls.push(String(property));
        return (value as (...given: unknown[]) => unknown).apply(target, args);
      };
    },
  });
  proxies.set(port, proxy);
  return proxy;
}
